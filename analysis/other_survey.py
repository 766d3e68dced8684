"""What another survey of the same county may show: the ministry's meets other people on another day."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from analysis.results import WaveResults
from analysis.sampling_plan import plan, starting_values
from analysis.templatetags.figures import limit_text
from scoring.models import Verdict
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.unheard import other_survey_probability
from surveys.templatetags.desk import number


@dataclass(frozen=True)
class OtherSurvey:
    """probability (0–1) that a survey of `answers` people, with the sampling plan's quotas, reaches the
    limit."""

    answers: int
    probability: float


def other_survey(results: WaveResults) -> OtherSurvey | None:
    """None without a frozen share of one question, or while an audience is hidden: it enters the number."""
    if (
        results.verdict in (None, Verdict.NOT_COMPUTABLE)
        or not results.figure.is_shown
        or results.figure.unit != "share"
        or results.rule.form != "item"
        or not results.result["regrouped"]
    ):
        return None
    means = {row.code: row.figure.estimate for row in results.audiences if row.figure.estimate is not None}
    try:
        sample = plan(results.wave, starting_values(results.wave))
        planned: dict[str, int] = {}
        for quota in sample.quotas:
            planned[quota.audience] = planned.get(quota.audience, 0) + quota.answers
        found = other_survey_probability(
            results.figure.estimate, variance=results.result["se"] ** 2, shares=results.result["shares"],
            means=means, planned=planned, threshold=results.figure.limit,
        )  # fmt: skip
    except (NotComputable, NumericInputError):
        return None
    return OtherSurvey(sample.answers, found)


def other_survey_sentence(found: OtherSurvey, results: WaveResults) -> str:
    """With the assumption in the same breath: it is what makes the number small print."""
    return _(
        "If another survey asked %(answers)s people with the same questionnaire, composed as in the sampling "
        "plan, its figure would reach %(limit)s with a probability of %(chance)s, provided neither survey is "
        "biased."
    ) % {
        "answers": number(found.answers),
        "limit": limit_text(results.figure.limit),
        "chance": chance_text(found.probability),
    }


def chance_text(probability: float) -> str:
    """Whole per cents; near 0 and 1 no false certainty."""
    if probability < 0.01:
        return _("less than 1 in 100")
    if probability > 0.99:
        return _("more than 99 in 100")
    return f"{probability * 100:.0f}%"
