"""The second step's secrets are encrypted with this installation's key: a copy of the database is no help."""

from __future__ import annotations

import base64
import hashlib
import secrets

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from survey_site.accounts.models import User

SECRET_BYTES = 20


class DeskMFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("This code is not right. The app shows a new one every half minute."),
    }

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; after the installation's key was lost, one that no code fits."""
        try:
            return _cipher().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()

    def _get_user_identifier(self, user: User) -> str:
        return user.username

    def _get_site_name(self) -> str:
        return settings.MFA_TOTP_ISSUER

    def send_notification_mail(
        self, *args: object, request: HttpRequest | None = None, **kwargs: object
    ) -> None:
        """No mail: the audit log tells the bureau."""


def _cipher() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [
            Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"renke second step\x00" + key.encode()).digest()))
            for key in keys
        ]
    )
