"""School codes are words: 007 in one table and 7 in the next are one school, and the figures stay R's."""

import pandas as pd
import pytest

from scoring.plans import run_plan
from tests.golden_cases import GOLDEN, assert_matches, golden_cases

TABLES = ("county_a", "county_a_strata", "county_a_cells", "county_a_tallies", "county_a_margins")
ASKED = (
    "P-county_a-strata-fpc-audience",
    "P-county_a-cluster-composite-official",
    "P-county_a-from-cells-cluster",
    "P-county_a-from-tallies",
)


@pytest.fixture(scope="module", params=["{:d}", "{:03d}", "{:010d}"])
def renumbered(request, tmp_path_factory):
    """The reference county with numbers for school names."""
    folder = tmp_path_factory.mktemp("numbered")
    (folder / "data").mkdir()
    for name in TABLES:
        table = pd.read_csv(GOLDEN / "data" / f"{name}.csv.gz", dtype=str)
        for key in {"school", "cell"} & set(table.columns):
            is_school = table[key].str.fullmatch(r"S\d+").fillna(False)
            table.loc[is_school, key] = (
                table[key][is_school].str[1:].map(lambda digits: request.param.format(int(digits)))
            )
        table.to_csv(folder / "data" / f"{name}.csv.gz", index=False)
    return folder, request.param


@pytest.mark.parametrize("name", ASKED)
def test_a_county_whose_schools_are_numbers_has_the_same_figures(renumbered, name):
    folder, _ = renumbered
    case = next(case for case in golden_cases() if case.id == name)
    assert_matches(run_plan(case.plan(), base=folder), case)


def test_a_school_is_named_as_the_strata_table_writes_it(renumbered):
    folder, spelt = renumbered
    case = next(case for case in golden_cases() if case.id == "P-county_a-strata-fpc-school-parent")
    found = run_plan(case.plan(), base=folder)
    for name, expected in case.expected.items():
        school = found[spelt.format(int(name[1:]))]
        assert school["idx_overall"]["se"] == pytest.approx(expected["idx_overall"]["se"], rel=1e-7)
