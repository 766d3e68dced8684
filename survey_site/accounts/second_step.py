"""Who must have a second step at sign-in (a code from a phone, or a security key), and who has one.

RENKE_MFA: `demo-exempt` (default) asks it of bureau users and operators, except of the demonstration
county's, whose passwords lie beside the program anyway; `required` asks it of those too; `optional` of
nobody, for a closed network without phones.
"""

from __future__ import annotations

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings

from survey_site.accounts.models import Role, User
from surveys.models import County


def is_required(user: User) -> bool:
    """Whether this user may not work without a second step."""
    if settings.MFA_POLICY == "optional" or not (user.role == Role.BUREAU or user.is_staff):
        return False
    return settings.MFA_POLICY == "required" or not is_exempt(user)


def is_exempt(user: User) -> bool:
    """A bureau user of a demonstration county; an operator where there is no other county."""
    if settings.MFA_POLICY != "demo-exempt":
        return False
    if user.is_staff:
        return not County.objects.filter(is_demo=False).exists()
    return user.county is not None and user.county.is_demo


def is_missing(user: User) -> bool:
    return is_required(user) and not is_mfa_enabled(user)
