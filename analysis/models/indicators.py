"""Indicator figures as they were imported, who gave them, and the papers that show them."""

from __future__ import annotations

from fractions import Fraction

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import County, School


class TableLevel(models.TextChoices):
    SCHOOLS = "schools", _("School table")
    COUNTY = "county", _("County's items")


class EvidenceFile(models.Model):
    """A paper that shows a figure (佐证材料). Stored outside the web root, only ever downloaded."""

    county = models.ForeignKey(County, models.PROTECT, related_name="evidence_files")
    school = models.ForeignKey(School, models.PROTECT, null=True, blank=True, related_name="evidence_files")
    name = models.CharField(_("file name"), max_length=200)
    stored_as = models.CharField(max_length=100, unique=True)
    kind = models.CharField(_("kind of file"), max_length=20)
    size_bytes = models.PositiveIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    note = models.CharField(_("what it shows"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    # Taken back, never deleted: an evaluation may name it.
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("evidence file")
        verbose_name_plural = _("evidence files")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.name


class IndicatorTable(models.Model):
    """One accepted table of figures of a county and year, whole and unchanged: the newest one counts.

    `lines` holds what the evaluation core reads. Level schools: [{"line": 4, "cells": {column: text}}];
    level county: [{"line": 4, "item": …, "value": …, "evidence": …}]. A table that was taken back stays.
    """

    county = models.ForeignKey(County, models.PROTECT, related_name="indicator_tables")
    year = models.PositiveSmallIntegerField(_("year"))
    level = models.CharField(_("level"), max_length=8, choices=TableLevel)
    standard_key = models.CharField(_("standard"), max_length=80)
    file_name = models.CharField(_("file name"), max_length=200)
    file_sha256 = models.CharField(max_length=64, blank=True)
    lines = models.JSONField(default=list)
    # Every doubt the reader was shown before accepting, as texts in both languages.
    doubts = models.JSONField(default=list)
    changes = models.JSONField(default=dict)
    evidence = models.ManyToManyField(EvidenceFile, related_name="tables", blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("table of indicators")
        verbose_name_plural = _("tables of indicators")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["county", "year", "level", "-at"], name="indicator_table_newest")]

    def __str__(self) -> str:
        return f"{self.county} {self.year} {self.level}"


class IndicatorUpload(models.Model):
    """A file between preview and acceptance, for the user who uploaded it. Deleted after a while."""

    token = models.CharField(max_length=43, unique=True)
    county = models.ForeignKey(County, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    year = models.PositiveSmallIntegerField()
    level = models.CharField(max_length=8, choices=TableLevel)
    standard_key = models.CharField(max_length=80)
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    # What the user said of foreign headings: {heading: {"column": …, "times": "10000"}}.
    choices = models.JSONField(default=dict)
    # The sheets the user chose; none as long as nobody chose.
    sheets = models.JSONField(default=list)
    evidence = models.ManyToManyField(EvidenceFile, related_name="+", blank=True)
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("uploaded table of indicators")
        verbose_name_plural = _("uploaded tables of indicators")

    def __str__(self) -> str:
        return self.file_name


class HeadingMapping(models.Model):
    """A foreign heading that a county once explained: "专任教师数(人)" is `teachers`."""

    county = models.ForeignKey(County, models.CASCADE, related_name="heading_mappings")
    level = models.CharField(max_length=8, choices=TableLevel)
    heading = models.CharField(_("heading"), max_length=200)
    # Empty: the county decided that this column is not used.
    column = models.CharField(_("column"), max_length=80, blank=True)
    # What the file's unit is multiplied by, and divided by: 10000 and 1 for 万元, 2000 and 3 for 亩.
    times = models.PositiveIntegerField(default=1)
    divided_by = models.PositiveSmallIntegerField(default=1)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"), null=True)
    # Forgotten, never deleted: a table that was read so is still there.
    forgotten_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    forgotten_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("known heading")
        verbose_name_plural = _("known headings")
        ordering = ["heading", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["county", "level", "heading"],
                condition=Q(forgotten_at__isnull=True),
                name="heading_once_per_county",
            )
        ]

    def __str__(self) -> str:
        return f"{self.heading} → {self.column or '—'}"

    @property
    def factor(self) -> Fraction:
        """What a figure below this heading is multiplied by."""
        return Fraction(self.times, self.divided_by)


class SchoolFigures(models.Model):
    """Figures a school sends in for itself; they count only after the bureau accepted them."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        ACCEPTED = "accepted", _("Accepted")
        RETURNED = "returned", _("Returned")

    school = models.ForeignKey(School, models.PROTECT, related_name="figures")
    year = models.PositiveSmallIntegerField(_("year"))
    # The school's rows of the table, as in IndicatorTable.lines.
    lines = models.JSONField(default=list)
    remark = models.CharField(_("remark"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SUBMITTED)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.CharField(max_length=500, blank=True)
    # The table that the accepted figures went into.
    table = models.ForeignKey(IndicatorTable, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("figures of a school")
        verbose_name_plural = _("figures of schools")
        ordering = ["-at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["school", "year"],
                condition=Q(state="submitted"),
                name="school_figures_one_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.school} {self.year} {self.state}"
