"""A link that lets one person in, once: to join, or to set a new password."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from surveys.models import County, School

from .user import Role


class Purpose(models.TextChoices):
    JOIN = "join", _("Invitation")
    PASSWORD = "password", _("New password")


class Invitation(models.Model):
    """Only the code's digest is stored: whoever reads the database cannot use it.

    It ends by being used, by being revoked or by its time; sending it again makes a new row and
    revokes this one.
    """

    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    county = models.ForeignKey(County, models.PROTECT, related_name="invitations")
    role = models.CharField(_("role"), max_length=12, choices=Role, blank=True)
    school = models.ForeignKey(School, models.PROTECT, null=True, related_name="+")
    # Whose password is set; nobody's yet where somebody joins.
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="links")
    label = models.CharField(_("for whom"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    removes_second_step = models.BooleanField(default=False)
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    made_at = models.DateTimeField(_("made"))
    expires_at = models.DateTimeField(_("valid until"))
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
    revoked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_used_or_revoked",
            ),
            models.CheckConstraint(
                condition=(Q(purpose="password", person__isnull=False)
                           | Q(purpose="join", person__isnull=True) & ~Q(role="")),
                name="invitation_names_a_person_or_a_role",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.label or str(self.school or self.person or self.get_role_display())

    def state(self, *, now: datetime) -> str:
        """One of used, revoked, expired, open."""
        if self.used_at:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "open" if now < self.expires_at else "expired"
