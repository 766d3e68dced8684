"""What the quality checks add to a verdict: nothing, a remark, or that it stands under review.

Only what has been looked at already is used: a county's page never reads every reply by itself.
"""

from __future__ import annotations

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.answer_quality import answer_quality, is_looked_at
from analysis.results import WaveResults
from analysis.sensitivity import marked_and_not
from analysis.templatetags.figures import part_text
from analysis.wording import verdict_word
from surveys.templatetags.desk import number

MUCH_MARKED = 0.05
KEPT_SECONDS = 3600


def review_sentences(results: WaveResults) -> list[str]:
    """Sentences beside a frozen verdict: another verdict without the marked replies, or many marked ones.

    Empty before somebody has looked at the replies, and where the figure without them may not be shown.
    """
    if results.run is None or not results.figure.is_shown or not is_looked_at(results.wave):
        return []
    found = answer_quality(results.wave)
    if not found.marked:
        return []
    key = f"verdict-without-marked-{results.run.pk}-{len(found.marked)}-{found.marked[0]}"
    # A word, or "" where there is none: then it is not computed again either.
    other = cache.get_or_set(key, lambda: _verdict_without(results, found.marked), KEPT_SECONDS)
    said = []
    if other and other != results.verdict:
        said.append(
            ngettext(
                "Without the %(count)s reply that the quality checks point to, the verdict would be "
                "“%(word)s”: undetermined, pending review.",
                "Without the %(count)s replies that the quality checks point to, the verdict would be "
                "“%(word)s”: undetermined, pending review.",
                len(found.marked),
            )
            % {"count": number(len(found.marked)), "word": verdict_word(other)}
        )
    part = len(found.marked) / found.looked_at
    if part > MUCH_MARKED:
        said.append(
            _("%(part)s of the replies that were read are marked by the quality checks.")
            % {"part": part_text(part)}
        )
    return said


def _verdict_without(results: WaveResults, marked: tuple[int, ...]) -> str:
    cells = marked_and_not(results, marked)
    return (cells[1].verdict or "") if len(cells) == 2 and cells[1].figure else ""
