"""Words of the people pages."""

from django import template

from survey_site.accounts.audit_phrases import phrase_of

register = template.Library()


@register.filter
def act_phrase(action: str) -> str:
    """An audit entry's action in words."""
    return phrase_of(action)
