"""A county evaluated for good: standard, figures, recognition in, a frozen `Evaluation` and its check out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from analysis.evaluation_figures import EvaluatedFigures, evaluate_figures, program_version
from analysis.evaluation_plans import recognition_of_run, typed_recognition
from analysis.facts import Recognition
from analysis.file_errors import EvaluationFileError
from analysis.findings import CHINESE, ENGLISH, Sentence
from analysis.indicators import item_lines_of, records_of
from analysis.models import Evaluation, EvaluationStage, IndicatorTable, TableLevel
from analysis.passing import SEED
from analysis.standard import StandardFileError, read_standard
from analysis.standard_parts import Standard
from analysis.templatetags.evaluation import reader_language
from scoring.models import ScoreRun
from surveys.models import County

LONGEST_SOURCE = 200


class EvaluationRefused(Exception):
    """An evaluation that cannot be made of what was given; the sentence says what to do."""


@dataclass(frozen=True)
class TypedRecognition:
    """A recognition rate from elsewhere as it was typed, and where it comes from."""

    rate: str
    source: str


@dataclass(frozen=True)
class EvaluationInputs:
    """Everything a result is computed from; the same inputs give the same result."""

    standard: Standard
    school_table: IndicatorTable | None = None
    county_table: IndicatorTable | None = None
    score_run: ScoreRun | None = None
    typed: TypedRecognition | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, str] = field(default_factory=dict)
    seed: int = SEED


def evaluate_county(
    county: County,
    *,
    year: int,
    stage: str,
    inputs: EvaluationInputs,
    by: Any,
    now: datetime,
) -> Evaluation:
    """Evaluates a county and freezes the result with all that is needed to repeat it.

    EvaluationRefused or EvaluationFileError (in both languages) if the inputs do not fit together.
    """
    evaluation = unsaved_evaluation(county, year=year, stage=stage, inputs=inputs, by=by, now=now)
    evaluation.save()
    return evaluation


def unsaved_evaluation(
    county: County,
    *,
    year: int,
    stage: str,
    inputs: EvaluationInputs,
    by: Any,
    now: datetime,
    after_step: Callable[[int], object] = lambda steps_done: None,
) -> Evaluation:
    """The record that `evaluate_county` saves; computing may take long, saving must not."""
    refuse_misfits(county, stage=stage, inputs=inputs)
    result = evaluated(inputs, after_step=after_step).result
    evaluation = Evaluation(
        county=county, year=year, stage=stage,
        standard_key=inputs.standard.key, standard_text=inputs.standard.text,
        standard_digest=inputs.standard.digest,
        school_table=inputs.school_table, county_table=inputs.county_table, score_run=inputs.score_run,
        typed_recognition=inputs.typed.rate if inputs.typed else "",
        typed_recognition_source=inputs.typed.source if inputs.typed else "",
        setting_values=dict(inputs.settings), prices_yuan=dict(inputs.prices), seed=inputs.seed,
        verdict=result["verdict"], result=result, program_version=result["program_version"],
        by=by, at=now,
    )  # fmt: skip
    evaluation.digest = digest_of(evaluation)
    return evaluation


def evaluated(
    inputs: EvaluationInputs,
    *,
    version: str = "",
    after_step: Callable[[int], object] = lambda steps_done: None,
) -> EvaluatedFigures:
    """What comes of the inputs; nothing is stored."""
    tables = (inputs.school_table, inputs.county_table)
    return evaluate_figures(
        inputs.standard,
        records=records_of(inputs.school_table) if inputs.school_table else (),
        items=item_lines_of(inputs.county_table) if inputs.county_table else (),
        recognition=recognition_of(inputs),
        settings=inputs.settings,
        prices=inputs.prices,
        seed=inputs.seed,
        names=(tables[0].file_name if tables[0] else "", tables[1].file_name if tables[1] else ""),
        doubts=[_doubt(texts) for table in tables if table for texts in table.doubts],
        version=version,
        after_step=after_step,
    )


def recognition_of(inputs: EvaluationInputs) -> Recognition | None:
    """The recognition rate of the score run, or the typed one with its source; None if there is neither."""
    if inputs.score_run:
        run = inputs.score_run
        return recognition_of_run({"result": run.result, "digest": run.digest}, name=str(run))
    if inputs.typed:
        found = typed_recognition(inputs.typed.rate)
        return replace(found, about={"source": inputs.typed.source})
    return None


def inputs_of(evaluation: Evaluation) -> EvaluationInputs:
    """What a frozen evaluation was computed from."""
    typed = TypedRecognition(evaluation.typed_recognition, evaluation.typed_recognition_source)
    return EvaluationInputs(
        standard=read_standard(evaluation.standard_text, name=f"{evaluation.standard_key}.toml"),
        school_table=evaluation.school_table,
        county_table=evaluation.county_table,
        score_run=evaluation.score_run,
        typed=typed if evaluation.is_recognition_typed else None,
        settings=evaluation.setting_values,
        prices=evaluation.prices_yuan,
        seed=evaluation.seed,
    )


def evaluation_problems(evaluation: Evaluation) -> list[str]:
    """Sentences on what is not as it was frozen; none if the inputs give the same result again.

    Whoever can write to the database can also make the digest anew; but then the result must still come of
    the figures, the standard and the score run, which have digests of their own.
    """
    problems = []
    if digest_of(evaluation) != evaluation.digest:
        problems.append(_("The record is not what was frozen: its digest differs."))
    if evaluation.verdict != evaluation.result.get("verdict"):
        problems.append(_("The record says another verdict than its result."))
    try:
        inputs = inputs_of(evaluation)
        if inputs.standard.digest != evaluation.standard_digest:
            problems.append(_("The standard's text is not the one that was applied."))
        again = evaluated(inputs, version=evaluation.program_version).result
    except (EvaluationFileError, StandardFileError) as error:
        problems.append(_("It cannot be computed again: %(why)s") % {"why": error.texts[reader_language()]})
        return problems
    place = first_difference(plain(evaluation.result), plain(again))
    if place is not None:
        values = {"place": place or "/", "then": evaluation.program_version, "now": program_version()}
        said = _("Computed again, the result differs at %(place)s (version %(then)s then, %(now)s now).")
        if first_difference(_figures_of(evaluation.result), _figures_of(again)) is None:
            said = _(
                "Computed again, every figure and verdict is the same; only the wording differs at %(place)s "
                "(version %(then)s then, %(now)s now)."
            )
        problems.append(said % values)
    return problems


def refuse_misfits(county: County, *, stage: str, inputs: EvaluationInputs) -> None:
    """Inputs of another county, tables taken back, recognition twice or without source: EvaluationRefused."""
    if stage not in EvaluationStage.values:
        raise EvaluationRefused(
            _("Stage: found “%(found)s”; allowed: %(allowed)s.")
            % {"found": stage, "allowed": _(", ").join(map(str, EvaluationStage.labels))}
        )
    if inputs.school_table is None and inputs.county_table is None:
        raise EvaluationRefused(_("Nothing to evaluate: choose a school table or the county's items."))
    for table, level in ((inputs.school_table, TableLevel.SCHOOLS), (inputs.county_table, TableLevel.COUNTY)):
        if table is not None and (table.county_id != county.pk or table.level != level):
            raise EvaluationRefused(_("This table does not belong here; choose one of the county's own."))
        if table is not None and table.withdrawn_at is not None:
            raise EvaluationRefused(
                _("The table “%(file)s” was taken back; choose another one.") % {"file": table.file_name}
            )
    if inputs.score_run and inputs.score_run.wave.county_id != county.pk:
        raise EvaluationRefused(_("This score run does not belong here; choose one of the county's own."))
    if inputs.score_run and inputs.typed:
        raise EvaluationRefused(_("Recognition comes from a score run or from elsewhere, not from both."))
    if inputs.typed and not inputs.typed.source.strip():
        raise EvaluationRefused(_("Say where the recognition rate comes from."))
    if inputs.typed and len(inputs.typed.source) > LONGEST_SOURCE:
        raise EvaluationRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_SOURCE})


def digest_of(evaluation: Evaluation) -> str:
    """SHA-256 over the result and everything that went into it."""
    frozen = {
        "county": evaluation.county_id, "year": evaluation.year, "stage": evaluation.stage,
        "standard": evaluation.standard_digest,
        "school_table": evaluation.school_table_id, "county_table": evaluation.county_table_id,
        "score_run": evaluation.score_run.digest if evaluation.score_run else None,
        "typed": [evaluation.typed_recognition, evaluation.typed_recognition_source],
        "settings": evaluation.setting_values, "prices": evaluation.prices_yuan, "seed": evaluation.seed,
        "result": plain(evaluation.result),
    }  # fmt: skip
    return hashlib.sha256(json.dumps(frozen, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plain(value: Any) -> Any:
    """As every database gives it back: PostgreSQL keeps 1e16 as a whole number, SQLite as it was written."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def first_difference(one: Any, other: Any, place: str = "") -> str | None:
    """Where two plain values differ first, as "criteria/3/value"; None if nowhere."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            found = first_difference(one.get(key), other.get(key), f"{place}/{key}".lstrip("/"))
            if found is not None:
                return found
        return None if one.keys() == other.keys() else place
    if isinstance(one, list) and isinstance(other, list):
        for number, (left, right) in enumerate(zip(one, other, strict=False)):
            found = first_difference(left, right, f"{place}/{number}".lstrip("/"))
            if found is not None:
                return found
        return None if len(one) == len(other) else place
    return None if one == other else place


def _figures_of(value: Any) -> Any:
    """A result without its sentences: figures, verdicts, names."""
    if isinstance(value, Mapping):
        return {key: _figures_of(one) for key, one in value.items() if key not in ("sentence", "doubts")}
    if isinstance(value, list | tuple):
        return [_figures_of(one) for one in value]
    return plain(value)


def _doubt(texts: Mapping[str, str]) -> Sentence:
    """A doubt that was kept with a table, as a sentence again."""
    chinese = texts.get(CHINESE, "")
    return Sentence("{text}", "{text}", {"text": {CHINESE: chinese, ENGLISH: texts.get(ENGLISH, chinese)}})
