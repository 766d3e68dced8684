"""Load the reference cases in `tests/golden` and compare results with them.

    case = golden_cases("mean")[0]
    frame = read_data(case.inputs["file"])
    assert_matches(my_result_as_dict, case)

Tolerances follow `tests/golden/README.md`: a number passes if
abs(got - want) <= max(abs, rel * abs(want)); named tolerances (`se`, `weights`, `estimate`, `ci_likelihood`)
take precedence for the fields whose key, or chain of keys, begins with that name.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

GOLDEN = Path(__file__).parent / "golden"
# What the reference program reports for the record; the README of the cases says "for information".
FOR_INFORMATION = frozenset({"se_alternate", "baseline", "without_smoothing"})
# The product's words for the reference's verdicts.
VERDICT_WORDS = {"undecided": "undetermined", None: "not_computable"}


@dataclass(frozen=True)
class Case:
    """One reference case; the fields are those of `tests/golden/README.md`."""

    id: str
    estimator: str
    title: str
    inputs: dict
    design: Any
    adjust: list
    parameters: dict
    expected: dict
    tolerance: dict
    source: str
    file: str

    def plan(self) -> dict:
        """The case as it is written, without what is expected of it."""
        raw = {"id": self.id, "estimator": self.estimator, "title": self.title, "inputs": self.inputs}
        if self.design is not None:
            raw["design"] = self.design
        if self.adjust:
            raw["adjust"] = self.adjust
        return raw | {"parameters": self.parameters}


@lru_cache(maxsize=1)
def _all_cases() -> tuple[Case, ...]:
    cases = []
    for path in sorted((GOLDEN / "cases").glob("*.json")):
        for raw in json.loads(path.read_text(encoding="utf-8")):
            cases.append(
                Case(
                    id=raw["id"],
                    estimator=raw["estimator"],
                    title=raw["title"],
                    inputs=raw["inputs"],
                    design=raw.get("design"),
                    adjust=raw.get("adjust") or [],
                    parameters=raw.get("parameters") or {},
                    expected=raw["expected"],
                    tolerance=raw["tolerance"],
                    source=raw["source"],
                    file=path.name,
                )
            )
    return tuple(cases)


def golden_cases(estimator: str | Iterable[str] | None = None, file: str | None = None) -> list[Case]:
    """Cases of one or several estimators and/or of one file ("01_survey_basic" or with ".json")."""
    names = {estimator} if isinstance(estimator, str) else set(estimator) if estimator else None
    wanted_file = None if file is None else file.removesuffix(".json") + ".json"
    return [
        case
        for case in _all_cases()
        if (names is None or case.estimator in names) and (wanted_file is None or case.file == wanted_file)
    ]


def golden_case(case_id: str) -> Case:
    """The case with this id; KeyError if there is none."""
    for case in _all_cases():
        if case.id == case_id:
            return case
    raise KeyError(case_id)


@lru_cache(maxsize=32)
def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def read_data(name: str) -> pd.DataFrame:
    """A data file by name ("county_a", "data/county_a.csv.gz", …); an empty field is a missing value."""
    stem = Path(name).name.removesuffix(".gz").removesuffix(".csv")
    return _read(GOLDEN / "data" / f"{stem}.csv.gz").copy()


def case_frame(case: Case) -> pd.DataFrame:
    """The rows of a case that has one `file` or inline columns and rows."""
    if "inline" in case.inputs:
        inline = case.inputs["inline"]
        return pd.DataFrame(inline["rows"], columns=inline["columns"])
    return read_data(case.inputs["file"])


def assert_matches(got: Mapping, case: Case, *, expected: Any = None, ignore: Iterable[str] = ()) -> None:
    """Fail with every number of `case.expected` (or of `expected`, a part of it) that `got` misses.

    `got` may hold more than is expected. Expected null means that nothing may be reported: absent or None.
    `ignore` names keys that this computation does not claim to give; entries that the reference gives for
    information only are always passed over.
    """
    want = case.expected if expected is None else expected
    skipped = FOR_INFORMATION | set(ignore)
    missed: list[str] = []
    compared = _compare(got, want, (), case.tolerance, skipped, missed)
    assert not missed, f"{case.id}:\n  " + "\n  ".join(missed[:20])
    assert compared, f"{case.id}: nothing was compared"


def _compare(got, want, path, tolerance, skipped, missed) -> int:
    where = ".".join(str(part) for part in path) or "(result)"
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping):
            missed.append(f"{where}: wanted an object, got {got!r}")
            return 1
        return sum(
            _compare(got.get(key), value, (*path, key), tolerance, skipped, missed)
            for key, value in want.items()
            if key not in skipped
        )
    if isinstance(want, list):
        if got is None or not isinstance(got, list | tuple | np.ndarray) or len(got) != len(want):
            missed.append(f"{where}: wanted {len(want)} values {want!r:.120}, got {got!r:.120}")
            return 1
        return sum(
            _compare(one, other, (*path, i), tolerance, skipped, missed)
            for i, (one, other) in enumerate(zip(got, want, strict=True))
        )
    if path and str(path[-1]).startswith("verdict"):
        want, got = VERDICT_WORDS.get(want, want), VERDICT_WORDS.get(got, got)
    if want is None or isinstance(want, str | bool):
        if got != want:
            missed.append(f"{where}: wanted {want!r}, got {got!r}")
        return 1
    if got is None or isinstance(got, str | bool) or not np.isfinite(got):
        missed.append(f"{where}: wanted {want!r}, got {got!r}")
        return 1
    allowed = _allowed(path, want, tolerance)
    if not abs(float(got) - want) <= allowed:
        missed.append(f"{where}: wanted {want!r}, got {float(got)!r} (off by {float(got) - want:.3g})")
    return 1


def _allowed(path: tuple, want: float, tolerance: Mapping) -> float:
    named = {key: value for key, value in tolerance.items() if isinstance(value, Mapping)}
    words = [str(part) for part in path if not isinstance(part, int)]
    chains = words + [f"{a}_{b}" for a, b in zip(words, words[1:], strict=False)]
    for name, limits in named.items():
        pattern = name.removesuffix("_*")
        if any(chain == pattern or chain.startswith(pattern + "_") for chain in chains):
            return max(limits.get("abs", 0.0), limits.get("rel", 0.0) * abs(want))
    if path and f"{path[-1]}" == "n_at_cap":
        return 2.0
    if "rel" in tolerance or "abs" in tolerance:
        return max(tolerance.get("abs", 0.0), tolerance.get("rel", 0.0) * abs(want))
    # Only named limits are given: a field without its own (a bound, a t value) follows the loosest.
    loosest_rel = max((limits.get("rel", 0.0) for limits in named.values()), default=0.0)
    loosest_abs = max((limits.get("abs", 0.0) for limits in named.values()), default=0.0)
    return max(loosest_abs, loosest_rel * abs(want))
