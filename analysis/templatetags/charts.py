"""What a table row shows of a figure: its interval bar, or why there is none."""

from django import template
from django.utils.safestring import SafeString

from analysis.charts import Scale, interval_bar
from analysis.results import Figure
from analysis.wording import hidden_sentence

register = template.Library()


@register.simple_tag
def bar(figure: Figure, scale: Scale) -> SafeString:
    """{% bar row.figure scale %}"""
    return interval_bar(figure, scale)


@register.filter
def why_hidden(figure: Figure, minimum: int) -> str:
    """{{ row.figure|why_hidden:minimum }}: empty for a figure that is shown, or that nobody could compute."""
    return hidden_sentence(figure.hidden, minimum)
