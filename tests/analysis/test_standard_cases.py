"""Every standard has a worked case beside it: a province is one file and one case, and no Python."""

from pathlib import Path

import pytest

from analysis.standard import read_standard_file, shipped_standard, standard_keys
from analysis.standard_parts import Standard
from tests.analysis.cases import STANDARD_CASES, check_case, read_case

CASES = sorted(STANDARD_CASES.glob("*.case.toml"))


def standard_of(case: Path) -> Standard:
    """The standard a case is about: one in the tests' folder, or one that is supplied."""
    key = case.name.removesuffix(".case.toml")
    own = STANDARD_CASES / f"{key}.toml"
    return read_standard_file(own) if own.exists() else shipped_standard(key)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_case_holds(path: Path) -> None:
    check_case(standard_of(path), read_case(path))


def test_every_standard_has_a_case() -> None:
    own = {path.stem for path in STANDARD_CASES.glob("*.toml") if not path.name.endswith(".case.toml")}
    assert {path.name.removesuffix(".case.toml") for path in CASES} == own | set(standard_keys())
