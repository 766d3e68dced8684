"""Frozen verdicts over a county, and the standards a province sent in as a file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scoring.models import FrozenRecordError, ScoreRun
from surveys.models import County

from .indicators import IndicatorTable


class EvaluationStage(models.TextChoices):
    """Who says it: the four stages that one evaluation passes through."""

    COUNTY = "county", _("County self-assessment")
    CITY = "city", _("City review")
    PROVINCE = "province", _("Provincial assessment")
    NATION = "nation", _("National recognition")


class ProvinceStandard(models.Model):
    """A standard that a bureau uploaded, checked when it came in and kept as it was sent."""

    county = models.ForeignKey(County, models.PROTECT, related_name="province_standards")
    key = models.CharField(_("key"), max_length=80)
    name = models.CharField(_("name"), max_length=200)
    file_name = models.CharField(_("file name"), max_length=200)
    text = models.TextField()
    digest = models.CharField(max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("standard of a province")
        verbose_name_plural = _("standards of provinces")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["county", "digest"],
                condition=Q(withdrawn_at__isnull=True),
                name="province_standard_once_in_force",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Evaluation(models.Model):
    """A standard applied to one county's figures, frozen with all that is needed to repeat it."""

    county = models.ForeignKey(County, models.PROTECT, related_name="evaluations")
    year = models.PositiveSmallIntegerField(_("year"))
    stage = models.CharField(_("stage"), max_length=8, choices=EvaluationStage)
    standard_key = models.CharField(_("standard"), max_length=80)
    standard_text = models.TextField()
    standard_digest = models.CharField(max_length=64)
    school_table = models.ForeignKey(IndicatorTable, models.PROTECT, null=True, related_name="+")
    county_table = models.ForeignKey(IndicatorTable, models.PROTECT, null=True, related_name="+")
    # Recognition comes from a frozen score run, or from a figure typed in from elsewhere with its source.
    score_run = models.ForeignKey(ScoreRun, models.PROTECT, null=True, related_name="+")
    typed_recognition = models.CharField(max_length=20, blank=True)
    typed_recognition_source = models.CharField(max_length=200, blank=True)
    setting_values = models.JSONField(default=dict)
    prices_yuan = models.JSONField(default=dict)
    seed = models.PositiveBigIntegerField(default=0)
    verdict = models.CharField(_("verdict"), max_length=20)
    # The whole result, in the words of `evaluate_file`, and the SHA-256 over it and all that went into it.
    result = models.JSONField()
    digest = models.CharField(max_length=64)
    program_version = models.CharField(max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("evaluation")
        verbose_name_plural = _("evaluations")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.county} {self.year} {self.standard_key} {self.stage}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise FrozenRecordError("An evaluation is frozen; evaluate again for a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise FrozenRecordError("An evaluation is frozen and is never deleted.")

    @property
    def is_recognition_typed(self) -> bool:
        """Whether the recognition rate comes from elsewhere and not from a score run of this program."""
        return bool(self.typed_recognition)


class EvaluationJob(models.Model):
    """An evaluation of a large county that a worker computes: what was asked, how far it is, what came."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    county = models.ForeignKey(County, models.PROTECT, related_name="evaluation_jobs")
    asked = models.JSONField()
    rows = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    steps_done = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("evaluation under way")
        verbose_name_plural = _("evaluations under way")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.county} {self.state}"
