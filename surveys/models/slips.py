"""One-time slips as a ledger: batches, what was done with each, and the files they are printed from."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .county import County, School
from .wave import Collector, Wave


class PrintJob(models.Model):
    """Files being made in the background, or ready to be fetched for a limited time.

    `options` says what was asked for; the worker may stop at any place and go on from `done` of `total`.
    """

    class Kind(models.TextChoices):
        POSTERS = "posters", _("Posters of the county")
        POSTERS_AND_SLIPS = "both", _("Posters and slips of the county")
        SLIPS = "slips", _("Sheets of slips")

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Being made")
        DONE = "done", _("Ready")
        FAILED = "failed", _("Stopped")
        DELETED = "deleted", _("Deleted")

    county = models.ForeignKey(County, models.PROTECT, related_name="print_jobs")
    wave = models.ForeignKey(Wave, models.PROTECT, related_name="print_jobs")
    # Whose slips they are; empty for a file about the whole county.
    collector = models.ForeignKey(Collector, models.PROTECT, null=True, related_name="print_jobs")
    school = models.ForeignKey(School, models.PROTECT, null=True, related_name="print_jobs")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    options = models.JSONField(default=dict)
    # Names the folder of the files, so that an address or an id guessed leads nowhere on the disk.
    token = models.CharField(max_length=43, unique=True)
    file_name = models.CharField(_("file"), max_length=200, blank=True)
    size_bytes = models.PositiveBigIntegerField(_("size"), default=0)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    # Who has it ("host:process"), and that worker's last sign of life.
    worker = models.CharField(max_length=120, blank=True)
    beat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)
    downloads = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("print job")
        verbose_name_plural = _("print jobs")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.wave} {self.kind} {self.state}"

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0

    @property
    def is_ready(self) -> bool:
        return self.state == self.State.DONE

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)


class SlipBatch(models.Model):
    """Slips printed together for one class, village or group.

    `number` counts the batches of a wave and stands on every slip. The batch knows its codes, but nothing
    joins a code to an answer.
    """

    class State(models.TextChoices):
        # Numbered, but its codes are not stored: a sheet that was being drawn when the program stopped.
        PREPARED = "prepared", _("Being printed")
        PRINTED = "printed", _("Printed")
        HANDED_OUT = "handed", _("Handed out")
        VOID = "void", _("Void")
        REPRINTED = "reprinted", _("Reprinted")

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="slip_batches")
    collector = models.ForeignKey(Collector, models.PROTECT, related_name="slip_batches")
    number = models.PositiveIntegerField(_("batch number"))
    label = models.CharField(_("class or group"), max_length=60, blank=True)
    count = models.PositiveIntegerField(_("slips"))
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PREPARED)
    job = models.ForeignKey(PrintJob, models.PROTECT, null=True, related_name="slip_batches")
    replaced_by = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaces")
    made_at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("batch of slips")
        verbose_name_plural = _("batches of slips")
        ordering = ["wave", "number"]
        constraints = [
            models.UniqueConstraint(fields=["wave", "number"], name="slip_batch_number_once_per_wave"),
            models.CheckConstraint(condition=Q(count__gte=1), name="slip_batch_has_slips"),
            models.CheckConstraint(
                condition=Q(replaced_by__isnull=True) | Q(state="reprinted"),
                name="slip_batch_replaced_is_reprinted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wave} #{self.number}"

    @property
    def is_open(self) -> bool:
        """Its unused slips can be answered with."""
        return self.state in (self.State.PRINTED, self.State.HANDED_OUT)

    @property
    def is_small(self) -> bool:
        """Whether its use is not told: it has fewer slips than the wave's smallest group has people."""
        return self.count < self.wave.minimum_group_size


class SlipStep(models.Model):
    """What was done with a batch, by whom and when. Written, never changed."""

    class Action(models.TextChoices):
        PRINTED = "printed", _("Printed")
        HANDED_OUT = "handed", _("Handed out")
        RETURNED = "returned", _("Came back")
        VOID = "void", _("Voided")
        REPRINTED = "reprinted", _("Reprinted")
        ONE_VOID = "one_void", _("One slip voided")

    # A single slip is voided without saying which batch it was of: then only the collector is known.
    collector = models.ForeignKey(Collector, models.PROTECT, related_name="slip_steps")
    batch = models.ForeignKey(SlipBatch, models.PROTECT, null=True, related_name="steps")
    action = models.CharField(_("step"), max_length=9, choices=Action)
    # Slips the step was about: printed, handed out, returned or voided.
    slips = models.PositiveIntegerField(_("slips"))
    to = models.CharField(_("handed to"), max_length=60, blank=True)
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("step of a batch of slips")
        verbose_name_plural = _("steps of batches of slips")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.batch} {self.action}"

    @property
    def told_slips(self) -> int | None:
        """The slips to show; None where voiding a small batch would tell how many were unused."""
        voids = self.action in (self.Action.VOID, self.Action.REPRINTED)
        return None if voids and self.batch and self.batch.is_small else self.slips
