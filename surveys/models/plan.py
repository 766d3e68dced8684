"""What a wave aims at below the audience: the plan, targets per place and grade, hard stops, draws."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .county import School, Township
from .wave import Channel, Collector, Wave


def _once_per_place(name: str, *fields: str) -> list[models.UniqueConstraint]:
    """One row per school, per township, or for the county: NULLs never equal each other in SQLite."""
    nowhere = Q(school__isnull=True, township__isnull=True)
    return [
        models.UniqueConstraint(
            fields=[*fields, "school"], condition=Q(school__isnull=False), name=f"{name}_once_per_school"
        ),
        models.UniqueConstraint(
            fields=[*fields, "township"],
            condition=Q(township__isnull=False),
            name=f"{name}_once_per_township",
        ),
        models.UniqueConstraint(fields=list(fields), condition=nowhere, name=f"{name}_once_per_county"),
    ]


class TargetPlan(models.Model):
    """The sampling plan that was applied to the wave: the numbers it started from, and its quotas.

    `quotas`: [[audience, location or "", grade band or "", replies], …]. A later plan replaces it; that one
    was applied, and with what sums, stays in the wave's events.
    """

    wave = models.OneToOneField(Wave, models.CASCADE, primary_key=True, related_name="target_plan")
    started_from = models.JSONField(default=dict)
    quotas = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("sampling plan")
        verbose_name_plural = _("sampling plans")

    def __str__(self) -> str:
        return f"{self.wave}: {sum(quota[-1] for quota in self.quotas)}"


class PlannedTarget(models.Model):
    """A target of a draft that was changed by hand for one audience at one place; collectors take it over."""

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="planned_targets")
    audience = models.CharField(_("audience"), max_length=30)
    school = models.ForeignKey(School, models.CASCADE, null=True, related_name="+")
    township = models.ForeignKey(Township, models.CASCADE, null=True, related_name="+")
    target = models.PositiveIntegerField(_("target"))

    class Meta:
        verbose_name = _("planned target")
        verbose_name_plural = _("planned targets")
        constraints = [
            *_once_per_place("planned_target", "wave", "audience"),
        ]

    def __str__(self) -> str:
        return f"{self.wave} {self.audience}: {self.target}"


class CollectorTarget(models.Model):
    """The part of a collector's target that falls to one grade band: stratum "g1_3", target 40."""

    collector = models.ForeignKey(Collector, models.CASCADE, related_name="grade_targets")
    stratum = models.CharField(_("grade"), max_length=60)
    target = models.PositiveIntegerField(_("target"))

    class Meta:
        verbose_name = _("target of a grade")
        verbose_name_plural = _("targets of grades")
        ordering = ["collector", "stratum"]
        constraints = [
            models.UniqueConstraint(fields=["collector", "stratum"], name="collector_target_once"),
        ]

    def __str__(self) -> str:
        return f"{self.collector} {self.stratum}: {self.target}"


class HardStop(models.Model):
    """No more replies than this of one audience: at a school, in a township, or (neither) in the county.

    An empty `channel` counts posters and slips together. How many are stored is not kept here but read from
    the tallies, under the wave's lock: so voiding frees places and nothing can drift apart.
    """

    wave = models.ForeignKey(Wave, models.CASCADE, related_name="hard_stops")
    audience = models.CharField(_("audience"), max_length=30)
    school = models.ForeignKey(School, models.CASCADE, null=True, related_name="+")
    township = models.ForeignKey(Township, models.CASCADE, null=True, related_name="+")
    channel = models.CharField(_("channel"), max_length=8, choices=Channel, blank=True)
    limit = models.PositiveIntegerField(_("hard stop at"))

    class Meta:
        verbose_name = _("hard stop")
        verbose_name_plural = _("hard stops")
        constraints = [
            *_once_per_place("hard_stop", "wave", "audience", "channel"),
            models.CheckConstraint(
                condition=Q(school__isnull=True) | Q(township__isnull=True), name="hard_stop_has_one_place"
            ),
        ]
        # Intake looks for the stops of a batch's schools, and for those of no school.
        indexes = [models.Index(fields=["wave", "school"], name="hard_stop_wave_school")]

    def __str__(self) -> str:
        return f"{self.wave} {self.audience}: {self.limit}"


class Draw(models.Model):
    """A random draw that anybody can repeat from its seed. Written, never changed, never thrown away.

    `frame`: {group: [unit, …]}, everything that could be drawn; `wanted`: {group: how many}; `drawn`: {group:
    [unit, …]} in the order drawn. A group is a school or township by its name and code.
    """

    class Kind(models.TextChoices):
        CLASSES = "classes", _("Classes of the schools")
        NUMBERS = "numbers", _("Numbered households or slips")
        LIST = "list", _("An uploaded list")

    wave = models.ForeignKey(Wave, models.PROTECT, related_name="draws")
    kind = models.CharField(_("what is drawn"), max_length=8, choices=Kind)
    title = models.CharField(_("title"), max_length=100)
    seed = models.CharField(_("seed"), max_length=64)
    started_from = models.JSONField(default=dict)
    frame = models.JSONField(default=dict)
    wanted = models.JSONField(default=dict)
    drawn = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.title

    @property
    def units(self) -> int:
        return sum(map(len, self.frame.values()))

    @property
    def drawn_units(self) -> int:
        return sum(self.wanted.values())


class PosterOpening(models.Model):
    """That somebody opened a collector's poster or code to print or show it: the first time and the last."""

    collector = models.OneToOneField(Collector, models.CASCADE, primary_key=True, related_name="opening")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = _("poster opened")
        verbose_name_plural = _("posters opened")

    def __str__(self) -> str:
        return f"{self.collector} {self.first_at}"
