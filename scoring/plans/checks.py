"""A plan's own words, checked before anything is computed: a key with a wrong kind of value is named.

Keys that no estimator reads (remarks on a convention, say) are not looked at.
"""

from collections.abc import Mapping
from numbers import Real

from scoring.plans.errors import PlanError
from scoring.plans.input_checks import check_inputs

# What each key may hold; "names" is one word or a list of words, "domain" also an object.
PARAMETERS = {
    "level": "share", "alpha": "share", "threshold": "number", "variable": "names", "numerator": "names",
    "denominator": "names", "by": "names", "items": "names", "predictors": "names", "outcome": "word",
    "indicator": "word", "formula": "word", "method": "word", "family": "word", "audience": "word",
    "rule": "any", "domain": "domain", "shares": "shares", "class_shares": "class_shares",
    "margins": "controls", "caps": "numbers", "rows_shown": "number", "shape": "number",
    "g_bounds": "bounds", "distance": "word",
}  # fmt: skip
DESIGN = {
    "type": "word", "kind": "word", "strata": "names", "psu": "names", "fpc_population_size": "names",
    "weight": "weight", "single_unit_stratum": "word", "schools_in_class": "object",
}  # fmt: skip
# Of every step: what it needs. "trim" needs nothing, but its bounds are numbers.
STEPS = {
    "poststratify": {"by": "names", "totals": "totals"},
    "rake": {"margins": "margins"},
    "calibrate": {"formula": "word", "totals": "numbers", "g_bounds": "bounds", "distance": "word"},
    "trim": {},
}
OPTIONAL = ("g_bounds", "distance")
BOUNDS = {"lower": "number", "upper": "number"}
_SAID = {
    "share": "a number between 0 and 1",
    "number": "a number",
    "word": "a text",
    "names": "a text or a list of texts",
    "domain": "an expression, an object with 'column' and 'values', or a list of these",
    "shares": "an object (or a list) of numbers",
    "class_shares": 'an object of numbers, or "own"',
    "object": "an object",
    "numbers": "an object of numbers",
    "controls": "an object with an object of numbers for each margin",
    "weight": "the name of a column, or a number",
    "bounds": "a list of two numbers, the lower and the upper bound",
    "margins": "a list of objects with 'column' (a name) and 'totals' (an object of numbers)",
    "totals": "an object of numbers, or a list of objects with 'cell' (an object) and 'N' (a number)",
}


def check_case(case: Mapping) -> None:
    """Refuses, in one sentence, a case whose keys hold something they cannot hold."""
    if not isinstance(case.get("title") or "", str):
        raise PlanError(f"the case's title is {_short(case['title'])}; it must be a text")
    for key in ("inputs", "parameters"):
        if not isinstance(case.get(key) or {}, Mapping):
            raise PlanError(f"'{key}' must be an object")
    _check(case.get("parameters") or {}, PARAMETERS, "parameters")
    check_inputs(case.get("inputs") or {})
    design = case.get("design")
    if isinstance(design, Mapping):
        _check(design, DESIGN, "design")
    steps = case.get("adjust") or []
    if not isinstance(steps, list) or any(not isinstance(step, Mapping) for step in steps):
        raise PlanError("'adjust' must be a list of objects, the weighting steps in order")
    for step in steps:
        _check_step(step)


def needed(numbers: Mapping, *keys: str, where: str = "inputs.inline") -> list:
    """The numbers of these names; each missing or worded one is named."""
    found = []
    for key in keys:
        if key not in numbers:
            raise PlanError(f"{where}.{key} is missing (given: {', '.join(map(str, numbers)) or 'none'})")
        if not _is_number(numbers[key]):
            raise PlanError(f"{where}.{key} is {numbers[key]!r}; it must be a number")
        found.append(numbers[key])
    return found


def only_known(numbers: Mapping, known: tuple[str, ...], where: str = "inputs.inline") -> dict:
    """The entries an estimator knows, of which null counts as not given; the others are refused by name."""
    extra = [key for key in numbers if key not in known]
    if extra:
        raise PlanError(f"{where}.{extra[0]} is not used here; known are {', '.join(known)}")
    given = {key: value for key, value in numbers.items() if value is not None}
    needed(given, *given, where=where)
    return given


def numbers_of(given: Mapping, key: str, where: str = "inputs.inline") -> list:
    """A list of numbers, of which null may stand for a missing one."""
    values = given.get(key)
    if not isinstance(values, list) or not all(one is None or _is_number(one) for one in values):
        raise PlanError(f"{where}.{key} must be a list of numbers; it is {_short(values)}")
    return [float("nan") if one is None else one for one in values]


def _check_step(step: Mapping) -> None:
    operation = step.get("op")
    if not isinstance(operation, str):
        raise PlanError(f"adjust: a step needs 'op'; allowed are {', '.join(STEPS)}")
    # A county's margins come from a table of their own, and its steps say so in words.
    if operation not in STEPS or (operation == "rake" and isinstance(step.get("totals"), str)):
        return
    for key in STEPS[operation]:
        if step.get(key) is None and key not in OPTIONAL:
            raise PlanError(f"adjust.{operation}: '{key}' is missing")
    _check(step, STEPS[operation] | (BOUNDS if operation == "trim" else {}), f"adjust.{operation}")


def _check(given: Mapping, kinds: Mapping[str, str], where: str) -> None:
    for key, kind in kinds.items():
        value = given.get(key)
        if value is None or kind == "any" or _fits(value, kind):
            continue
        raise PlanError(f"{where}.{key} is {_short(value)}; it must be {_SAID[kind]}")


def _fits(value: object, kind: str) -> bool:
    if kind == "number":
        return _is_number(value)
    if kind == "share":
        return _is_number(value) and 0 < float(value) < 1  # type: ignore[arg-type]
    if kind == "word":
        return isinstance(value, str)
    if kind == "weight":
        return isinstance(value, str) or _is_number(value)
    if kind == "names":
        if isinstance(value, str):
            return bool(value)
        return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    if kind == "domain":
        if isinstance(value, list):
            return bool(value) and all(_fits(one, kind) for one in value)
        return isinstance(value, str) or (isinstance(value, Mapping) and _is_column_domain(value))
    if kind == "shares":
        values = value.values() if isinstance(value, Mapping) else value
        return isinstance(value, Mapping | list) and bool(value) and all(_is_number(one) for one in values)  # type: ignore[union-attr]
    if kind == "class_shares":
        return value == "own" or (isinstance(value, Mapping) and _fits(value, "shares"))
    if kind == "bounds":
        return isinstance(value, list) and len(value) == 2 and all(_is_number(one) for one in value)
    if kind == "totals":
        if isinstance(value, list):
            return bool(value) and all(_is_post_stratum(one) for one in value)
        return _fits(value, "numbers")
    if kind == "margins":
        return isinstance(value, list) and bool(value) and all(_is_margin(one) for one in value)
    if kind == "numbers":
        return isinstance(value, Mapping) and bool(value) and all(_is_number(one) for one in value.values())
    if kind == "controls":
        return isinstance(value, Mapping) and all(_fits(one, "numbers") for one in value.values())
    return isinstance(value, Mapping)


def _is_column_domain(value: Mapping) -> bool:
    wanted = value.get("values", value.get("value"))
    listed = wanted if isinstance(wanted, list) else [wanted]
    return isinstance(value.get("column"), str) and not any(isinstance(one, list | Mapping) for one in listed)


def _is_post_stratum(value: object) -> bool:
    return (
        isinstance(value, Mapping) and isinstance(value.get("cell"), Mapping) and _is_number(value.get("N"))
    )


def _is_margin(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    return isinstance(value.get("column"), str) and _fits(value.get("totals"), "numbers")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value == value


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "…"
