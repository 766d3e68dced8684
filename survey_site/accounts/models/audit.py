"""Who did what, when, from which page: a chain of rows that can only grow."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from surveys.models import County


class AuditRefused(Exception):
    """A row of the audit log was about to be changed or removed."""


class AppendOnly(models.QuerySet):
    def update(self, **kwargs: Any) -> int:
        raise AuditRefused("The audit log is only written to; no row is changed.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AuditRefused("The audit log is only written to; no row is removed.")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise AuditRefused("The audit log is only written to; no row is changed.")


class AuditChain(models.Model):
    """How long a county's chain is and what its last row digests to; without a county, the operators'."""

    key = models.CharField(max_length=20, unique=True)  # the county's id; blank for the operators
    county = models.OneToOneField(County, models.PROTECT, null=True, related_name="+")
    length = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return str(self.county or _("operators"))


class AuditEntry(models.Model):
    """One act. It holds no answer, no password and no code; `digest` covers it and the row before.

    The database refuses changes too, by a trigger (migration `audit_append_only`).
    """

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")

    chain = models.ForeignKey(AuditChain, models.PROTECT, related_name="entries")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField(_("time"), db_index=True)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # As they were then: names and roles change, and the row must still read the same.
    person_name = models.CharField(_("person"), max_length=200, blank=True)
    role = models.CharField(_("role"), max_length=12, blank=True)
    action = models.CharField(_("action"), max_length=80)
    about = models.CharField(_("about"), max_length=300, blank=True)
    page = models.CharField(_("page"), max_length=300, blank=True)
    outcome = models.CharField(_("outcome"), max_length=8, choices=Outcome)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    objects = AppendOnly.as_manager()

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit log")
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="audit_number_once")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.person_name} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise AuditRefused("The audit log is only written to; no row is changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AuditRefused("The audit log is only written to; no row is removed.")
