"""The task table 任务分解表 and the rectification ledger 整改台账: who does what by when, each step kept."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from scoring.models import FrozenRecordError, ScoreRun
from surveys.models import County, School

from .evaluations import Evaluation
from .indicators import EvidenceFile


class TaskLine(models.Model):
    """One criterion's line of the task table as somebody wrote it. Never changed: the newest one counts."""

    county = models.ForeignKey(County, models.PROTECT, related_name="task_lines")
    year = models.PositiveSmallIntegerField(_("year"))
    standard_key = models.CharField(_("standard"), max_length=80)
    criterion = models.CharField(_("criterion"), max_length=80)
    department = models.CharField(_("responsible department"), max_length=100, blank=True)
    expected = models.TextField(_("expected result"), blank=True)
    measures = models.TextField(_("next measures"), blank=True)
    remarks = models.TextField(_("remarks"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("line of the task table")
        verbose_name_plural = _("lines of the task table")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["county", "year", "standard_key"], name="task_lines_of_a_table")]

    def __str__(self) -> str:
        return f"{self.county} {self.year} {self.standard_key} {self.criterion}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise FrozenRecordError("A line of the task table stays as it was written; write a new one.")
        super().save(*args, **kwargs)


class ItemState(models.TextChoices):
    OPEN = "open", _("Not started")
    IN_PROGRESS = "in_progress", _("In progress")
    SUBMITTED = "submitted", _("Waiting for acceptance")
    RETURNED = "returned", _("Sent back")
    ACCEPTED = "accepted", _("Accepted and closed")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class StepAction(models.TextChoices):
    CREATED = "created", _("entered in the ledger")
    STARTED = "started", _("work started")
    SUBMITTED = "submitted", _("submitted for acceptance")
    TAKEN_BACK = "taken_back", _("submission taken back")
    ACCEPTED = "accepted", _("accepted and closed")
    RETURNED = "returned", _("sent back")
    REOPENED = "reopened", _("opened again")
    WITHDRAWN = "withdrawn", _("withdrawn")
    CHANGED = "changed", _("changed")
    NOTED = "noted", _("remark")


# Items in these states need nobody any more.
DONE_STATES = (ItemState.ACCEPTED, ItemState.WITHDRAWN)


class RectificationItem(models.Model):
    """One thing to put right: problem, measure, who and until when. Its state is that of its last step."""

    county = models.ForeignKey(County, models.PROTECT, related_name="rectification_items")
    year = models.PositiveSmallIntegerField(_("year"))
    # Counted within county and year, as the paper ledger counts its lines.
    number = models.PositiveIntegerField(_("number"))
    # Where it came from: "criterion:<key>", "topic:<item>", or "" for one entered by hand.
    subject = models.CharField(max_length=120, blank=True)
    standard_key = models.CharField(_("standard"), max_length=80, blank=True)
    evaluation = models.ForeignKey(Evaluation, models.PROTECT, null=True, related_name="items")
    score_run = models.ForeignKey(ScoreRun, models.PROTECT, null=True, related_name="rectification_items")
    problem = models.TextField(_("problem"))
    measure = models.TextField(_("measure"), blank=True)
    department = models.CharField(_("responsible department"), max_length=100, blank=True)
    school = models.ForeignKey(
        School, models.PROTECT, null=True, blank=True, related_name="rectification_items"
    )
    deadline = models.DateField(_("deadline"))
    state = models.CharField(_("state"), max_length=12, choices=ItemState, default=ItemState.OPEN)
    at = models.DateTimeField(_("time"))
    # When the state last changed: what was accepted this week.
    state_at = models.DateTimeField()

    class Meta:
        verbose_name = _("rectification item")
        verbose_name_plural = _("rectification items")
        ordering = ["deadline", "number"]
        indexes = [models.Index(fields=["county", "state", "deadline"], name="ledger_by_deadline")]
        constraints = [
            models.UniqueConstraint(fields=["county", "year", "number"], name="ledger_number_once"),
            # One shortfall is not two open items, whichever evaluation it was read from.
            models.UniqueConstraint(
                fields=["county", "year", "standard_key", "subject", "school"],
                condition=~Q(subject="") & Q(school__isnull=False) & ~Q(state__in=["accepted", "withdrawn"]),
                name="ledger_shortfall_once_per_school",
            ),
            models.UniqueConstraint(
                fields=["county", "year", "standard_key", "subject"],
                condition=~Q(subject="") & Q(school__isnull=True) & ~Q(state__in=["accepted", "withdrawn"]),
                name="ledger_shortfall_once_per_county",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year}-{self.number:03}"

    @property
    def is_done(self) -> bool:
        return self.state in DONE_STATES


class RectificationStep(models.Model):
    """What was done to an item, by whom, when and why. Written once, never changed.

    `deadline`, `department` and `to_state` are as they stood after the step, so that the ledger of any past
    day can be read again.
    """

    item = models.ForeignKey(RectificationItem, models.PROTECT, related_name="steps")
    action = models.CharField(_("action"), max_length=12, choices=StepAction)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12, choices=ItemState)
    deadline = models.DateField(_("deadline"))
    department = models.CharField(_("responsible department"), max_length=100, blank=True)
    # Who acted for whom: the role at that time.
    role = models.CharField(_("role"), max_length=12, blank=True)
    remark = models.TextField(_("remark"), blank=True)
    # field → [before, afterwards], for a step that changed the item's text.
    changes = models.JSONField(default=dict)
    evidence = models.ManyToManyField(EvidenceFile, related_name="rectification_steps", blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("step of an item")
        verbose_name_plural = _("steps of items")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.item} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise FrozenRecordError("A step stays as it was written; add another one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise FrozenRecordError("A step is part of the record and is not deleted.")
