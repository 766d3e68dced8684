"""The trace of every roster import, and uploaded files that wait for their confirmation."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .county import County


class RosterImport(models.Model):
    """Who imported which file when, and what it changed. Written, never changed.

    `changes` lists the schools and residents that were added or changed: {"schools": [{"row", "code", "name",
    "added", "changes": [[field, old, new], …]}], "residents": [[location, old, new, source before, source],
    …], "townships": [new name, …]}. The first traces have neither sources nor townships.
    """

    county = models.ForeignKey(County, models.PROTECT, related_name="roster_imports")
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveIntegerField(_("size"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))
    added = models.PositiveIntegerField(_("added"))
    changed = models.PositiveIntegerField(_("changed"))
    unchanged = models.PositiveIntegerField(_("left alone"))
    missing = models.PositiveIntegerField(_("not in the file"))
    residents_changed = models.PositiveIntegerField(_("resident figures changed"))
    rows_left_out = models.PositiveIntegerField(_("rows left out"))
    changes = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("roster import")
        verbose_name_plural = _("roster imports")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.county} {self.file_name}"


class RosterUndo(models.Model):
    """That an import was undone, by whom and why. What it had changed stays in its trace."""

    of = models.OneToOneField(RosterImport, models.PROTECT, related_name="undo")
    reason = models.CharField(_("reason"), max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("undone roster import")
        verbose_name_plural = _("undone roster imports")

    def __str__(self) -> str:
        return str(self.of)


class RosterUpload(models.Model):
    """A file between preview and confirmation, for the user who uploaded it. Deleted after a while."""

    token = models.CharField(max_length=43, unique=True)
    county = models.ForeignKey(County, models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    file_name = models.CharField(max_length=200)
    content = models.BinaryField()
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("uploaded roster")
        verbose_name_plural = _("uploaded rosters")

    def __str__(self) -> str:
        return self.file_name
