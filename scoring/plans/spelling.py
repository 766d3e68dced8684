"""Keys of a plan that would be passed over in silence: misspelt and unread ones are told.

A case may hold remarks under any key, so one that resembles a key with a meaning is told, not refused; only
what another program calls a part of the design is, since the result would be that of another design.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from scoring.plans.checks import DESIGN, PARAMETERS, STEPS
from scoring.plans.errors import PlanError

_CASE = (
    "id", "title", "estimator", "inputs", "design", "adjust", "parameters", "rule", "columns", "values",
    "controls", "expected", "tolerance", "source", "notes",
)  # fmt: skip
_INPUTS = (
    "file", "inline", "rows", "responses", "schools", "strata", "margins", "tallies", "cells", "counts",
    "labels", "controls", "wave1", "wave2", "wave1_strata", "wave2_strata", "coding", "note",
)  # fmt: skip
# Read by some estimators beside those whose values are checked, and remarks of the reference cases.
_MORE_PARAMETERS = (
    "covariates", "spending", "statistic", "version", "reference", "composite", "rows", "missing", "confirm",
    "minimum_cell", "single_unit_stratum", "variables", "designs", "rules", "groups", "weight", "weighted",
    "model", "mean", "index", "df",
)  # fmt: skip
_MORE_DESIGN = (
    "fpc", "psu_ids_repeat_across_strata", "collapse_rule", "note", "cluster", "raked", "independent",
    "same_schools", "strata_fpc",
)  # fmt: skip
_MORE_OF_STEPS = {
    "trim": ("lower", "upper", "redistribute", "repeat_until_inside"),
    "calibrate": ("coding",),
    "rake": ("totals",),
    "trim_and_rerake": ("cap", "stop"),
}
# What other programs call the parts of a design.
_ELSEWHERE = {
    "weights": "weight", "pweight": "weight", "stratum": "strata", "cluster": "psu", "clusters": "psu",
    "id": "psu", "ids": "psu", "fpc": "fpc_population_size", "nest": "psu_ids_repeat_across_strata",
}  # fmt: skip
# Of these a reader would believe that they had changed the result.
_TELLING = (
    "level", "alpha", "threshold", "domain", "variable", "indicator", "numerator", "denominator", "by",
    "items", "predictors", "outcome", "audience", "family", "spending", "shape", "g_bounds", "distance",
    "caps", "confirm",
)  # fmt: skip


def check_design_words(case: Mapping) -> None:
    """Refuses the words of other programs for a part of the design."""
    design = case.get("design")
    if not isinstance(design, Mapping) or "type" not in design:
        return
    for key, meant in _ELSEWHERE.items():
        if meant not in design and isinstance(design.get(key), str | list):
            raise PlanError(f"design.{key} is not read; write design.{meant}")


def slips(case: Mapping) -> list[str]:
    """A sentence for every key that is no word of a plan but nearly one."""
    found = _slips(case, _CASE, "the case")
    found += _slips(case.get("inputs"), _INPUTS, "inputs")
    found += _slips(case.get("parameters"), (*PARAMETERS, *_MORE_PARAMETERS), "parameters")
    found += _slips(case.get("design"), (*DESIGN, *_MORE_DESIGN), "design")
    for step in case.get("adjust") or []:
        operation = step.get("op") if isinstance(step, Mapping) else None
        if isinstance(operation, str) and operation in {*STEPS, *_MORE_OF_STEPS}:
            known = ("op", *STEPS.get(operation, ()), *_MORE_OF_STEPS.get(operation, ()))
            found += _slips(step, known, f"adjust.{operation}")
    return found


def unread(case: Mapping, read: Iterable[str]) -> list[str]:
    """A sentence for every parameter that the estimator left aside although it would change other results."""
    given = case.get("parameters") or {}
    # `method` and `formula` hold remarks in the reference cases, and are left out here.
    return [
        f"parameters.{key} is not read by {case.get('estimator')}; the result is the same without it"
        for key in _TELLING
        if given.get(key) is not None and key not in read
    ]


def _slips(given: object, known: Iterable[str], where: str) -> list[str]:
    if not isinstance(given, Mapping):
        return []
    words, sentences = list(known), []
    for key, value in given.items():
        if key in words or value is None:
            continue
        near = get_close_matches(str(key), words, n=1, cutoff=0.84)
        if near:
            sentences.append(f"{where}: '{key}' is not a key that is read; did you mean '{near[0]}'?")
    return sentences
