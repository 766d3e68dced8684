"""Known totals the weights aim at, and frozen results."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import Location, School, Wave


class PopulationControl(models.Model):
    """How many people of one audience a school or an urban–rural class has, when the roster does not say.

    It takes precedence over what is derived from the roster. Families, not pupils times two.
    """

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="population_controls")
    audience = models.CharField(_("audience"), max_length=30)
    school = models.ForeignKey(School, models.PROTECT, null=True, blank=True, related_name="+")
    location = models.CharField(_("location"), max_length=8, choices=Location)
    people = models.PositiveIntegerField(_("people"))
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        verbose_name = _("population control")
        verbose_name_plural = _("population controls")
        constraints = [
            models.UniqueConstraint(
                fields=["wave", "audience", "school"],
                condition=Q(school__isnull=False),
                name="population_control_once_per_school",
            ),
            models.UniqueConstraint(
                fields=["wave", "audience", "location"],
                condition=Q(school__isnull=True),
                name="population_control_once_per_location",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.wave} {self.audience} {self.school or self.location}: {self.people}"


class Verdict(models.TextChoices):
    MET = "met", _("Met")
    NOT_MET = "not_met", _("Not met")
    UNDETERMINED = "undetermined", _("Undetermined")
    NOT_COMPUTABLE = "not_computable", _("Not computable")


class FrozenRecordError(Exception):
    """A frozen result was about to be changed."""


class ScoreRun(models.Model):
    """A closed wave's result with all that is needed to repeat it. Never updated; a new run is a new row.

    `inputs` holds rule text, shares, class shares, controls, design, tally digest, chain digest and
    questionnaire versions; `result` the estimates and the verdict.
    """

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="score_runs")
    rule_key = models.CharField(_("scoring rule"), max_length=60)
    verdict = models.CharField(_("verdict"), max_length=20, choices=Verdict)
    estimate = models.FloatField(null=True)
    inputs = models.JSONField()
    result = models.JSONField()
    digest = models.CharField(max_length=64)
    program_version = models.CharField(max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("score run")
        verbose_name_plural = _("score runs")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.wave} {self.rule_key} {self.verdict}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise FrozenRecordError("A score run is frozen; score the wave again for a new one.")
        super().save(*args, **kwargs)
