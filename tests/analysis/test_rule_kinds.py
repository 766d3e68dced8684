"""Every rule kind says what it does and has worked cases; a new one is covered the day it is registered."""

import inspect

import pytest

from analysis.rule_kinds import RULE_KINDS
from analysis.standard import read_standard
from tests.analysis.cases import RULE_KIND_CASES, check_case, read_case

FILES = {path.stem: read_case(path) for path in sorted(RULE_KIND_CASES.glob("*.toml"))}


def test_every_kind_has_cases_and_no_case_lacks_a_kind() -> None:
    assert set(FILES) == set(RULE_KINDS)


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_kind_explains_itself(kind: str) -> None:
    rule = RULE_KINDS[kind]
    assert rule.kind == kind
    assert "__doc__" in rule.__dict__ and len(inspect.cleandoc(rule.__doc__)) > 60


@pytest.mark.parametrize(
    ("kind", "number"),
    [(kind, number) for kind, file in FILES.items() for number in range(len(file["cases"]))],
)
def test_case_holds(kind: str, number: int) -> None:
    standard = read_standard(FILES[kind]["standard"], name=f"{kind}.toml")
    assert standard.criterion("c").kind == kind
    check_case(standard, FILES[kind]["cases"][number])


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_cases_show_a_kind_met_and_missed(kind: str) -> None:
    """A kind whose cases only ever pass would prove nothing."""
    words = {
        case["expected"].get("criteria", {}).get("c", case["expected"].get("verdict"))
        for case in FILES[kind]["cases"]
    }
    wanted = {"not_met", "not_computable"} if kind == "reference" else {"met", "not_met"}
    assert wanted <= words
