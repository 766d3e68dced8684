"""The simulated county of the reference cases as cells, built once for several test modules."""

from functools import cache

import numpy as np
import pandas as pd

from scoring.numeric.cells import Cells, Design
from scoring.numeric.recode import CellSums, aggregate, cell_sums, item_mean, score_vector
from tests.golden_cases import read_data

STRATA_FPC = Design("all_schools", fpc=True)
STRATA = Design("all_schools", fpc=False)
SCHOOLS = Design("sampled_schools", fpc=False)
SHARES = {"parent": 0.5, "student": 0.1, "teacher": 0.1, "principal": 0.1, "deputy": 0.1, "resident": 0.1}
CLASS_SHARES = {"rural": 88400 / 214550, "town": 71250 / 214550, "urban": 54900 / 214550}
CODES = [1, 2, 3, 4, 5, "dont_know", "no_answer"]
IDX = score_vector(CODES, {code: 25 * (code - 1) for code in range(1, 6)})
TOP2 = score_vector(CODES, {1: 0, 2: 0, 3: 0, 4: 1, 5: 1})


@cache
def county_from_tallies(item: str = "q8") -> tuple[Cells, np.ndarray, pd.DataFrame]:
    """Cells audience × class × school × grade × gender with post-stratified weights, and option counts."""
    tallies = read_data("county_a_tallies")
    keys = ["audience", "class", "school", "grade_band", "gender"]
    tallies["school"] = tallies["school"].fillna("")
    mine = tallies[tallies["item"] == item]
    table = mine.pivot_table(index=keys, columns="code", values="count", aggfunc="sum", fill_value=0)
    counts = table.reindex(columns=[str(code) for code in CODES], fill_value=0).to_numpy()
    frame = table.index.to_frame(index=False)
    by_school = frame["audience"].isin(["parent", "student", "teacher"])
    frame["cell"] = frame["school"].where(by_school, "*")
    frame = frame.merge(read_data("county_a_strata"), on=["audience", "class", "cell"], validate="m:1")
    cells = Cells(
        audience=frame["audience"].to_numpy(),
        location=frame["class"].to_numpy(),
        school=frame["school"].to_numpy(),
        stratum=frame["stratum"].to_numpy(),
        n=counts.sum(axis=1),
        weight=(frame["N_stratum"] / frame["n_stratum"]).to_numpy(),
        stratum_population=frame["N_stratum"].to_numpy(),
    )
    return cells, counts, frame


def county_sums(scores: np.ndarray = TOP2, item: str = "q8") -> tuple[Cells, CellSums]:
    """Cells and the sums of one item under one scoring."""
    cells, counts, _ = county_from_tallies(item)
    return cells, cell_sums(counts, scores)


ITEMS = [f"q{k}" for k in range(1, 9)]


@cache
def county_rows(wave: str = "county_a") -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Responses joined with their strata, and the variables of the reference cases (nan = not valid)."""
    rows = read_data(wave)
    rows["school"] = rows["school"].fillna("")
    by_school = rows["audience"].isin(["parent", "student", "teacher"])
    rows["cell"] = rows["school"].where(by_school, "*")
    rows = rows.merge(
        read_data(f"{wave}_strata").drop(columns=["N", "n"]),
        on=["audience", "class", "cell"],
        how="left",
        validate="m:1",
    )
    return rows, variables_of(rows)


def variables_of(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """idx and top-2 of the overall item and of each respondent's mean over items."""
    codes = rows[ITEMS].to_numpy(float)
    valid = (codes >= 1) & (codes <= 5)
    idx = np.where(valid, 25 * (codes - 1), np.nan)
    top2 = np.where(valid, codes >= 4, np.nan)
    return {
        "idx": idx,
        "t2": top2,
        "idx_overall": idx[:, 7],
        "t2_overall": top2[:, 7],
        "idx_all": item_mean(idx),
        "t2_all": item_mean(top2),
    }


@cache
def cells_of_rows(wave: str = "county_a", margins: bool = False) -> tuple[Cells, np.ndarray, pd.DataFrame]:
    """The wave's cells, the cell of every row, and one line per cell (margins: also by grade and gender)."""
    rows, _ = county_rows(wave)
    keys = ["audience", "class", "school", "stratum"] + (["grade_band", "gender"] if margins else [])
    code = rows.groupby(keys, sort=True).ngroup().to_numpy()
    lines = rows.assign(code=code).drop_duplicates("code").sort_values("code").reset_index(drop=True)
    cells = Cells(
        audience=lines["audience"].to_numpy(),
        location=lines["class"].to_numpy(),
        school=lines["school"].to_numpy(),
        stratum=lines["stratum"].to_numpy(),
        n=np.bincount(code),
        weight=(lines["N_stratum"] / lines["n_stratum"]).to_numpy(),
        stratum_population=lines["N_stratum"].to_numpy(),
    )
    return cells, code, lines


def row_sums(variable: str, wave: str = "county_a", margins: bool = False) -> tuple[Cells, CellSums]:
    """Cells and sums of one of the variables, from rows."""
    cells, code, _ = cells_of_rows(wave, margins)
    _, values = county_rows(wave)
    return cells, aggregate(values[variable], cell=code, n_cells=len(cells))
