"""Words of the people pages."""

from django import template

from survey_site.accounts import second_step
from survey_site.accounts.audit_phrases import phrase_of
from survey_site.accounts.models import User

register = template.Library()


@register.filter
def act_phrase(action: str) -> str:
    """An audit entry's action in words."""
    return phrase_of(action)


@register.simple_tag
def second_step_state(user: User) -> str:
    """ "missing": the desk stays closed until there is one; "exempt": a demonstration login; else ""."""
    if second_step.is_missing(user):
        return "missing"
    return "exempt" if second_step.is_exempt(user) and not second_step.is_mfa_enabled(user) else ""
