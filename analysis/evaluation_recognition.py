"""The recognition rate of an evaluation for a list: read from its small inputs, not from the megabytes of its
result, and judged by the same rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.evaluation import EvaluationInputs, TypedRecognition, recognition_of
from analysis.evaluation_plans import county_facts
from analysis.evaluation_reading import standard_of_evaluation
from analysis.file_errors import EvaluationFileError
from analysis.findings import Finding
from analysis.indicators import item_lines_of
from analysis.models import Evaluation
from analysis.rule_kinds.county_rules import RecognitionRule, Reference
from analysis.standard_parts import Standard


@dataclass(frozen=True)
class RecognitionLine:
    """An evaluation, and what its standard finds on recognition; None if the standard does not ask for it."""

    evaluation: Evaluation
    finding: Finding | None

    @property
    def has_rate(self) -> bool:
        return self.finding is not None and self.finding.value is not None


def recognition_lines(evaluations: Iterable[Evaluation]) -> list[RecognitionLine]:
    """One line per evaluation. Its `score_run` and `county_table` should be fetched beforehand."""
    return [RecognitionLine(one, _finding(one)) for one in evaluations]


def recognition_rule(standard: Standard) -> tuple[str, RecognitionRule] | None:
    """The criterion on recognition with its rule, also one that is only shown."""
    for criterion in standard.criteria:
        rule = criterion.rule.shown if isinstance(criterion.rule, Reference) else criterion.rule
        if isinstance(rule, RecognitionRule):
            return criterion.key, rule
    return None


def _finding(evaluation: Evaluation) -> Finding | None:
    standard = standard_of_evaluation(evaluation)
    asked = recognition_rule(standard)
    if asked is None:
        return None
    typed = TypedRecognition(evaluation.typed_recognition, evaluation.typed_recognition_source)
    inputs = EvaluationInputs(
        standard=standard,
        score_run=evaluation.score_run,
        typed=typed if evaluation.is_recognition_typed else None,
    )
    lines = item_lines_of(evaluation.county_table) if evaluation.county_table else ()
    try:
        facts, _doubts = county_facts(
            standard,
            records=(),
            items=lines,
            recognition=recognition_of(inputs),
            settings=evaluation.setting_values,
        )
    except EvaluationFileError:  # refused now, though taken then: the list says nothing of it
        return None
    key, rule = asked
    return rule.judge(key, facts)
