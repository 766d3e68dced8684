"""What the bureau writes to schools, and which school has read it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .county import County, School
from .wave import Wave


class SchoolMessage(models.Model):
    """A message from the bureau to one or more schools. Written, never changed."""

    county = models.ForeignKey(County, models.PROTECT, related_name="school_messages")
    wave = models.ForeignKey(Wave, models.SET_NULL, null=True, related_name="school_messages")
    subject = models.CharField(_("subject"), max_length=100)
    body = models.TextField(_("text"), max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("message to schools")
        verbose_name_plural = _("messages to schools")
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return self.subject


class MessageToSchool(models.Model):
    """One school's copy: when it was read and by whom, and what became of its e-mail."""

    class Mail(models.TextChoices):
        NONE = "none", _("not by e-mail")
        NO_ADDRESS = "no_address", _("no e-mail address")
        WAITING = "waiting", _("e-mail waiting")
        SENT = "sent", _("e-mail sent")
        FAILED = "failed", _("e-mail failed")

    message = models.ForeignKey(SchoolMessage, models.CASCADE, related_name="copies")
    school = models.ForeignKey(School, models.PROTECT, related_name="messages")
    read_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    mail = models.CharField(_("e-mail"), max_length=10, choices=Mail, default=Mail.NONE)
    mail_problem = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("message to a school")
        verbose_name_plural = _("messages to a school")
        constraints = [
            models.UniqueConstraint(fields=["message", "school"], name="message_once_per_school"),
        ]
        indexes = [models.Index(fields=["school", "read_at"], name="message_to_school_unread")]

    def __str__(self) -> str:
        return f"{self.message} → {self.school}"
