"""From a case's `design` and `adjust` to a SurveyDesign."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from scoring.numeric.calibration import CalibrationReport, calibrate, poststratify, rake_design, trim
from scoring.numeric.design import SurveyDesign, survey_design
from scoring.numeric.expression import as_word
from scoring.numeric.formula import model_matrix
from scoring.numeric.raking import Margin
from scoring.numeric.weighting import WeightReport, kish
from scoring.plans.answer_table import AnswerTable, column, crossed, numbers, words
from scoring.plans.errors import PlanError
from scoring.plans.job import Job

_NEEDS_STRATA = ("stratified",)
_NEEDS_UNITS = ("cluster", "two_stage", "multi_stage", "multistage")
_SINGLE_UNIT_WORDS = {
    "its deviation is taken from the grand mean": "adjust",
    "contributes no variance": "certainty",
    "contributes the average": "average",
}


# Parameters that weighting and the declared design look at, beside `design` and `adjust`.
_PARAMETERS = ("single_unit_stratum", "distance", "g_bounds")


@dataclass(frozen=True)
class Sample:
    """The table, its design after all adjustments, the last calibration's report, bounds of trimming,
    whether the last step was raking, and what a reader of every result from it should know."""

    table: AnswerTable
    design: SurveyDesign
    report: CalibrationReport | None = None
    cap: float | None = None
    raked: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """The columns of the table."""
        return self.table.frame

    @cached_property
    def weight_report(self) -> WeightReport:
        """What the unequal weights cost."""
        return kish(self.design.weight)

    @cached_property
    def distinct_weights(self) -> np.ndarray:
        """The different weights, to nine digits after the point, in order."""
        return np.unique(np.round(self.design.weight, 9))

    @cached_property
    def adjusted_regression(self) -> SurveyDesign | None:
        """After raking, a design whose residuals use the adjusted weights; None otherwise."""
        if not self.raked:
            return None
        *earlier, last = self.design.adjustments
        after = replace(last, fit=last.fit.with_weights(self.design.weight))
        return replace(self.design, adjustments=(*earlier, after))


def sample_of(job: Job) -> Sample:
    """The case's table with its declared design after its weighting steps.

    Cases of one plan that ask for the same share one sample, and what it warns of.
    """
    table = job.answers()

    def make() -> Sample:
        mine = Job(job.case, job.sources)
        sample = adjusted(mine, declared_sample(mine, table))
        return replace(sample, warnings=(*sample.warnings, *mine.warnings))

    sample = table.once(_asked(job, "adjust"), make)
    for warning in sample.warnings:
        job.warn(warning)
    return sample


def declared_sample(job: Job, table: AnswerTable) -> Sample:
    """The table with the case's design as declared, before any weighting step; shared as well."""

    def make() -> Sample:
        mine = Job(job.case, job.sources)
        design = declared_design(mine, table.frame)
        return Sample(table, design, warnings=tuple(mine.warnings))

    return table.once(_asked(job), make)


def adjusted(job: Job, sample: Sample) -> Sample:
    """The sample after the case's weighting steps, in order."""
    for step in job.case.get("adjust") or []:
        sample = _adjust(job, sample, step)
    return sample


def _asked(job: Job, *keys: str) -> str:
    """What a sample depends on, as a text; `keys` of the case beside its design."""
    parameters = {name: job.parameters.get(name) for name in _PARAMETERS}
    return json.dumps([job.design, parameters, *(job.case.get(key) or [] for key in keys)], default=repr)


def declared_design(job: Job, frame: pd.DataFrame) -> SurveyDesign:
    """The design as declared, before adjustments; impossible combinations are refused in words."""
    design = job.design
    kind = str(design.get("type", ""))
    strata = _strata(design, frame)
    units = [column(frame, name, "design.psu") for name in _listed(design.get("psu"))]
    people = [
        numbers(frame, name, "design.fpc_population_size")
        for name in _listed(design.get("fpc_population_size"))
    ]
    if any(word in kind for word in _NEEDS_STRATA) and "unstratified" not in kind and not strata:
        raise PlanError(f"design.type is '{kind}' but design.strata names no column")
    if any(word in kind for word in _NEEDS_UNITS) and not units:
        raise PlanError(f"design.type is '{kind}' but design.psu names no column")
    if kind in ("two_stage", "two-stage") and len(units) != 2:
        raise PlanError(
            f"design.type is 'two_stage' but design.psu names {len(units)} column(s); it needs two"
        )
    if kind in ("srs", "simple", "simple_random") and (strata or units):
        raise PlanError(
            f"design.type is '{kind}' but strata or sampling units are named as well; leave one out"
        )
    if not kind and not (strata or units):
        raise PlanError(
            "design.type is missing; say simple, stratified, one_stage_cluster, stratified_cluster "
            "or two_stage"
        )
    return survey_design(
        len(frame),
        weight=_weight(job, design, frame, strata, bool(people)),
        psu=units,
        strata=strata,
        population=people,
        psu_ids_repeat_across_strata=bool(design.get("psu_ids_repeat_across_strata", False)),
        single_unit=_single_unit(job),
    )


def weight_column(job: Job, frame: pd.DataFrame) -> np.ndarray:
    """The weights named by the design, for estimators that need nothing else of it."""
    weights = numbers(frame, job.design.get("weight", ""), "design.weight")
    if (weights < 0).any():
        row = int(np.flatnonzero(weights < 0)[0])
        raise PlanError(
            f"design.weight: row {row + 1} has the weight {weights[row]:g}; weights are 0 or more"
        )
    return weights


def weights_summary(weights: np.ndarray) -> dict:
    """Weights as the reference cases summarise them."""
    return report_summary(kish(weights))


def report_summary(report: WeightReport) -> dict:
    """The same of weights that are described already."""
    return {
        "sum": report.sum,
        "min": report.min,
        "max": report.max,
        "sum_sq": report.sum_sq,
        "kish_neff": report.n_eff,
        "kish_deff": report.deff_w,
    }


def _listed(value) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _strata(design: Mapping, frame: pd.DataFrame) -> list[pd.Series]:
    """Strata columns, one per stage; "a x b" crosses columns, a remark in brackets is ignored."""
    columns = []
    for entry in _listed(design.get("strata")):
        if entry in frame.columns:
            columns.append(frame[entry])
            continue
        names = [part.strip() for part in re.sub(r"\(.*\)", "", entry).split(" x ")]
        parts = [words(column(frame, name, "design.strata")) for name in names]
        crossed = parts[0]
        for part in parts[1:]:
            crossed = crossed + ":" + part
        columns.append(crossed)
    return columns


def _weight(job: Job, design: Mapping, frame: pd.DataFrame, strata: list[pd.Series], has_people: bool):
    name = design.get("weight")
    if name is None:
        if not has_people:
            job.warn("the design names no weight: every row counts the same")
        return None
    if isinstance(name, int | float) or re.fullmatch(r"\s*\d+(\.\d+)?\s*", str(name)):
        return np.full(len(frame), float(name))
    if name in frame.columns:
        return numbers(frame, name, "design.weight")
    fraction = re.match(r"\s*(\w+)\s*/\s*n_\w+", name)
    if fraction and fraction.group(1) in frame.columns:
        cell = strata[0] if strata else pd.Series(0, index=frame.index)
        return (frame[fraction.group(1)] / cell.groupby(cell).transform("size")).to_numpy(float)
    if has_people and re.search(r"^\s*1\s*/|\bN_?\w*\s*/\s*n|fraction|fpc|population size", name):
        return None
    if re.match(r"\s*(equal|none\b|unweighted|1\b)", name):
        return np.ones(len(frame))
    raise PlanError(f"design.weight: there is no column '{name}'; columns are {', '.join(frame.columns)}")


def _single_unit(job: Job) -> str:
    stated = job.design.get("single_unit_stratum", job.parameters.get("single_unit_stratum", "fail"))
    for beginning, rule in _SINGLE_UNIT_WORDS.items():
        if str(stated).startswith(beginning):
            return rule
    return str(stated)


def _adjust(job: Job, sample: Sample, step: Mapping) -> Sample:
    operation = step.get("op")
    if operation == "poststratify":
        return _poststratify(sample, step)
    if operation == "rake":
        return _rake(sample, step)
    if operation == "calibrate":
        return _calibrate(job, sample, step)
    if operation == "trim":
        design = trim(
            sample.design,
            lower=step.get("lower"),
            upper=step.get("upper"),
            until_inside=bool(step.get("repeat_until_inside", False)),
        )
        return replace(sample, design=design, cap=step.get("upper"), raked=False)
    raise PlanError(f"adjust: '{operation}' is unknown; allowed are poststratify, rake, calibrate, trim")


def _poststratify(sample: Sample, step: Mapping) -> Sample:
    by = _listed(step.get("by"))
    cell = crossed([sample.table.words(name, "adjust.by") for name in by], "|")
    totals = step["totals"]
    if not isinstance(totals, Mapping):
        totals = {"|".join(as_word(entry["cell"][name]) for name in by): entry["N"] for entry in totals}
    design, report = poststratify(sample.design, cell, totals=totals)
    return replace(sample, design=design, report=report, raked=False)


def _rake(sample: Sample, step: Mapping) -> Sample:
    margins = [
        Margin(entry["column"], sample.table.words(entry["column"], "adjust.margins"), entry["totals"])
        for entry in step["margins"]
    ]
    design, report = rake_design(sample.design, margins)
    return replace(sample, design=design, report=report, raked=True)


def _calibrate(job: Job, sample: Sample, step: Mapping) -> Sample:
    model = model_matrix(step["formula"], sample.frame)
    totals = step["totals"]
    missing = [name for name in model.names if name not in totals]
    extra = [name for name in totals if name not in model.names]
    if missing or extra:
        raise PlanError(
            f"adjust.calibrate: the formula gives {', '.join(model.names)} but the totals are for "
            f"{', '.join(totals)}"
        )
    bounds = step.get("g_bounds", job.parameters.get("g_bounds"))
    design, report = calibrate(
        sample.design,
        model.x,
        totals=np.array([totals[name] for name in model.names], float),
        distance=step.get("distance", job.parameters.get("distance", "linear")),
        bounds=None if bounds is None else (bounds[0], bounds[1]),
    )
    return replace(sample, design=design, report=report, raked=False)
