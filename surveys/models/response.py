"""Responses, what they add up to, and the seals that show nothing was changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .wave import Collector, Wave


class Source(models.TextChoices):
    PHONE = "phone", _("Phone")
    IMPORTED = "imported", _("Imported")
    SIMULATED = "simulated", _("Simulated for demonstration")


class BatchKind(models.TextChoices):
    INTAKE = "intake", _("Replies received")
    VOID = "void", _("Replies voided")
    RESTORE = "restore", _("Replies restored")


class WaveChain(models.Model):
    """The newest link of a wave's chain of seals.

    Its row is the wave's writing lock: whoever stores, voids, recounts or closes takes it first.
    """

    wave = models.OneToOneField(Wave, models.CASCADE, primary_key=True, related_name="chain")
    length = models.PositiveIntegerField(default=0)
    digest = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.wave}: {self.length}"


class Void(models.Model):
    """A decision to leave responses out of every count, with its reason; undone by a second decision."""

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="voids")
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    responses_count = models.PositiveIntegerField(_("replies"))
    # All responses the decision was about, also after it was undone: the seals are checked against them.
    covered = models.ManyToManyField("Response", related_name="+")
    restored_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    restored_at = models.DateTimeField(null=True)
    restored_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("void")
        verbose_name_plural = _("voids")
        ordering = ["at"]

    def __str__(self) -> str:
        return self.reason


class Batch(models.Model):
    """Responses stored, counted and sealed together: a Merkle root, chained to the batch before."""

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="batches")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=BatchKind, default=BatchKind.INTAKE)
    void = models.ForeignKey(Void, models.PROTECT, null=True, related_name="batches")
    responses_count = models.PositiveIntegerField()
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    digest = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ["wave", "number"]
        constraints = [models.UniqueConstraint(fields=["wave", "number"], name="batch_number_once_per_wave")]

    def __str__(self) -> str:
        return f"{self.wave} #{self.number}"


class Response(models.Model):
    """One submitted form.

    `choices` holds one byte per column of the questionnaire's answer table (which code was given);
    `texts` the free-text answers as JSON. `received_at` is cut to ten minutes and `seconds` to five:
    enough to see a burst, too little to single out a person. No address and no device is kept.
    """

    submission_id = models.BinaryField(max_length=16, unique=True)
    collector = models.ForeignKey(Collector, models.PROTECT, related_name="responses")
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="responses")
    void = models.ForeignKey(Void, models.PROTECT, null=True, related_name="responses")
    stratum = models.CharField(max_length=200, blank=True)
    choices = models.BinaryField(max_length=200)
    texts = models.TextField(blank=True)
    language = models.CharField(max_length=10)
    source = models.CharField(max_length=10, choices=Source, default=Source.PHONE)
    received_at = models.DateTimeField()
    seconds = models.PositiveSmallIntegerField(null=True)
    salt = models.BinaryField(max_length=16)
    leaf = models.BinaryField(max_length=32)

    class Meta:
        verbose_name = _("response")
        verbose_name_plural = _("responses")

    def __str__(self) -> str:
        return f"response {self.pk}"


class Tally(models.Model):
    """How many responses of one collector and stratum gave each code to each item.

    `counts` holds one little-endian uint32 per slot of the questionnaire's answer table.
    """

    collector = models.ForeignKey(Collector, models.CASCADE, related_name="tallies")
    stratum = models.CharField(max_length=200, blank=True)
    responses = models.PositiveIntegerField(default=0)
    counts = models.BinaryField()

    class Meta:
        verbose_name = _("tally")
        verbose_name_plural = _("tallies")
        constraints = [models.UniqueConstraint(fields=["collector", "stratum"], name="tally_once")]

    def __str__(self) -> str:
        return f"{self.collector} {self.stratum}: {self.responses}"
