"""Running a plan: one case, or the list under `cases`, each with its result or its error."""

import json
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.plans.checks import check_case
from scoring.plans.county_comparisons import (
    from_cells,
    from_tallies,
    quota_sample,
    school_jackknife,
    scoring_rules,
    trend,
    two_stage,
)
from scoring.plans.county_estimators import (
    county_composite,
    county_deff,
    county_domains,
    county_intervals,
    county_item_index,
    county_items,
)
from scoring.plans.county_verdicts import county_verdict
from scoring.plans.county_weighted import county_weights, raked_county, trimmed_county
from scoring.plans.errors import PlanError
from scoring.plans.inline_estimators import INLINE_ESTIMATORS, inline_verdict
from scoring.plans.job import Job, plain
from scoring.plans.quality_estimators import QUALITY_ESTIMATORS
from scoring.plans.sources import Sources
from scoring.plans.spelling import check_design_words, slips, unread
from scoring.plans.survey_estimators import SURVEY_ESTIMATORS
from scoring.plans.wave_estimator import score_wave_file

# Raised when a key of plans or results changes its meaning; new keys may be added within a version.
PLAN_VERSION = "1"

# Estimators of a county given as several tables (inputs.responses, inputs.strata, …).
COUNTY_ESTIMATORS: Mapping[str, Callable[[Job], dict]] = {
    "county_mean": county_domains,
    "domain_mean": county_domains,
    "composite_mean": county_composite,
    "item_means": county_items,
    "index_of_item_means": county_item_index,
    "proportion_ci": county_intervals,
    "deff": county_deff,
    "poststratification_weights": county_weights,
    "raked_mean": raked_county,
    "trim_and_rerake": trimmed_county,
    "verdict": county_verdict,
    "scoring_rule": scoring_rules,
    "from_tallies": from_tallies,
    "from_cells": from_cells,
    "trend_difference": trend,
    "two_stage_mean": two_stage,
    "jackknife": school_jackknife,
}
_SEVERAL_TABLES = ("responses", "tallies", "cells", "strata", "wave1")


def estimators() -> list[str]:
    """Every estimator a plan may name, sorted."""
    single = {
        *SURVEY_ESTIMATORS,
        *INLINE_ESTIMATORS,
        *QUALITY_ESTIMATORS,
        *COUNTY_ESTIMATORS,
        "verdict",
        "wave",
    }
    return sorted(single)


def run_plan(plan: Mapping, *, base: Path | None = None, data: Path | None = None) -> dict | list[dict]:
    """Results of a plan: an object, or a list in the order of its `cases`.

    plan: a case (`estimator`, `inputs`, `design`, `adjust`, `parameters`), or an object with `cases`;
    keys of the plan beside `cases` (say `design`) stand in for those a case leaves out. base: the folder
    of the plan; data: a table or a folder of tables. Every result has `estimator`, `verdict` (null where
    none is asked), `warnings` and `version`; one that cannot be computed has `error` and `code` instead
    of figures, and the others go on. Only a plan that is not an object, or names no estimator anywhere,
    raises PlanError.
    """
    if not isinstance(plan, Mapping):
        raise PlanError("a plan is a JSON object with 'estimator', or with a list under 'cases'")
    cases = plan.get("cases")
    if cases is None:
        return run_case(plan, Sources(base=base, data=data, single=True))
    if not isinstance(cases, list):
        raise PlanError("'cases' must be a list")
    common = {key: value for key, value in plan.items() if key != "cases"}
    merged = [common | case if isinstance(case, Mapping) else case for case in cases]
    sources = Sources(base=base, data=data, single=len(_tables_named(merged)) <= 1)
    return [run_case(case, sources) for case in merged]


def run_case(case: Mapping, sources: Sources) -> dict:
    """The result of one case; its error instead, if it cannot be computed."""
    if not isinstance(case, Mapping):
        return {"error": "a case is a JSON object", "code": "plan_error", "version": PLAN_VERSION}
    head = plain({key: case[key] for key in ("id", "estimator") if key in case})
    job = Job(case, sources)
    try:
        check_case(case)
        check_design_words(case)
        for sentence in slips(case):
            job.warn(sentence)
        figures = plain(_handler(case)(job))
    except NotComputable as error:
        return head | _failure(error.reason, error.code, job)
    except (PlanError, NumericInputError) as error:
        return head | _failure(str(error), "plan_error", job)
    except KeyError as error:
        sentence = f"'{error.args[0]}' is missing, in the plan or among the columns of its tables"
        return head | _failure(sentence, "plan_error", job)
    except Exception as error:
        # Somebody else's plan may be wrong in ways nobody foresaw; the cases after it still go on.
        sentence = f"the case cannot be computed as it is written ({type(error).__name__}: {error})"
        return head | _failure(sentence, "plan_error", job)
    for sentence in unread(case, job.read):
        job.warn(sentence)
    result = head | figures
    result.setdefault("verdict", None)
    return result | {"warnings": job.warnings, "version": PLAN_VERSION}


def read_plan(path: Path) -> dict:
    """The plan in a JSON file (UTF-8); a bare list counts as its `cases`."""
    try:
        plan = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PlanError(f"the plan {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PlanError(f"the plan {path} is not valid JSON: {error}") from error
    return {"cases": plan} if isinstance(plan, list) else plan


def _handler(case: Mapping) -> Callable[[Job], dict]:
    name = case.get("estimator")
    if not isinstance(name, str):
        raise PlanError(f"the case names no estimator; known are {', '.join(estimators())}")
    inputs = case.get("inputs") or {}
    if name == "wave":
        return score_wave_file
    if name in QUALITY_ESTIMATORS:
        return QUALITY_ESTIMATORS[name]
    if name == "cronbach_alpha_weighted" and "strata" in inputs:
        return QUALITY_ESTIMATORS["cronbach_alpha_weighted_county"]
    if any(role in inputs for role in _SEVERAL_TABLES) and name in COUNTY_ESTIMATORS:
        if name == "composite_mean" and "strata" not in inputs:
            return quota_sample
        return COUNTY_ESTIMATORS[name]
    if name == "verdict":
        return inline_verdict
    for register in (SURVEY_ESTIMATORS, INLINE_ESTIMATORS):
        if name in register:
            return register[name]
    near = get_close_matches(name, estimators(), n=1)
    said = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(estimators())}"
    raise PlanError(f"estimator '{name[:60]}' is unknown; {said}")


def _tables_named(cases: list) -> set[str]:
    """The different tables that the cases of a plan read as their one table."""
    inputs = [case.get("inputs") for case in cases if isinstance(case, Mapping)]
    return {str(one["file"]) for one in inputs if isinstance(one, Mapping) and one.get("file")}


def _failure(sentence: str, code: str, job: Job) -> dict:
    return {"error": sentence, "code": code, "warnings": job.warnings, "version": PLAN_VERSION}
