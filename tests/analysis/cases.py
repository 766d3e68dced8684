"""Worked cases as TOML: a county's rows and items, and what a standard must say of them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis.judging import Evaluation
from analysis.standard_parts import Standard
from tests.analysis.counties import judged

TESTS = Path(__file__).parents[1]
STANDARD_CASES = TESTS / "standards"
RULE_KIND_CASES = TESTS / "rule_kind_cases"


def read_case(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def evaluated(standard: Standard, case: Mapping[str, Any]) -> Evaluation:
    return judged(
        case.get("schools", []),
        standard=standard,
        items=case.get("items"),
        recognition=case.get("recognition"),
        settings=case.get("settings"),
    )


def check_case(standard: Standard, case: Mapping[str, Any]) -> None:
    """Holds everything that the case expects against the evaluation: verdicts, values, what is missing."""
    evaluation = evaluated(standard, case)
    expected = dict(case["expected"])
    found = {key: finding.verdict for key, finding in evaluation.findings.items()}
    wanted = expected.pop("criteria", {})
    assert {key: found[key] for key in wanted} == wanted
    assert evaluation.verdict == expected.pop("verdict", evaluation.verdict)
    for key, value in expected.pop("values", {}).items():
        assert float(evaluation.findings[key].value) == pytest.approx(value, rel=1e-12), key
    schools = {f"{one.row.school}/{one.row.stage}": one.verdict or "" for one in evaluation.schools}
    wanted_schools = expected.pop("schools", {})
    assert {place: schools[place] for place in wanted_schools} == wanted_schools
    for key, missing in expected.pop("missing", {}).items():
        assert list(evaluation.findings[key].missing) == missing
    for key, words in expected.pop("sentences", {}).items():
        assert words in evaluation.findings[key].sentence.text("zh-hans")
    assert not expected, f"a case may not expect {', '.join(expected)}"
