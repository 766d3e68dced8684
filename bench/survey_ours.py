"""From raw replies to the raked county and school tables with calibration-aware standard errors.

python -m bench.survey_ours FILE RESULT      prints what it took as JSON, and writes the figures to RESULT
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.survey_data import CATEGORIES, COLUMNS, SATISFIED_FROM, SCHOOLS, described_in
from scoring.numeric.blocks import MarginCalibration
from scoring.numeric.cells import Cells, Design
from scoring.numeric.domains import estimate_domains
from scoring.numeric.raking import Margin, rake
from scoring.numeric.recode import cell_sums, option_counts

CODES = 6  # 1 to 5; code 0 does not occur
SCORES = np.array([np.nan, *(float(code >= SATISFIED_FROM) for code in range(1, CODES))])
DESIGN = Design(kind="all_schools", fpc=False)


@dataclass(frozen=True)
class Tallied:
    """`code` (cells, 4): school and the margins' categories of every cell; n (cells,) replies; counts (items,
    cells, codes)."""

    code: np.ndarray
    n: np.ndarray
    counts: np.ndarray


@dataclass(frozen=True)
class Tables:
    """Satisfied shares and their standard errors, unrounded: county (items,), school (schools, items)."""

    county: np.ndarray
    county_se: np.ndarray
    school: np.ndarray
    school_se: np.ndarray


def tallied(columns: np.ndarray) -> Tallied:
    """Option counts of every combination of school and margins that occurs, from (columns, replies)."""
    sizes = (SCHOOLS, *CATEGORIES.values())
    code = np.zeros(columns.shape[1], np.int32)
    for column, size in zip(columns, sizes, strict=False):
        code *= size
        code += column
    held = np.bincount(code, minlength=int(np.prod(sizes)))
    occurs = np.flatnonzero(held)
    cell = np.cumsum(held > 0)[code] - 1
    counts = option_counts(columns[len(sizes) :].T, cell=cell, n_cells=len(occurs), n_codes=CODES)
    return Tallied(np.stack(np.unravel_index(occurs, sizes), axis=1), held[occurs], counts)


def tables(found: Tallied, margins: Mapping[str, Sequence[float]]) -> Tables:
    """Rakes the cells, then every item in the county and in each school."""
    calibration, cells = raked_cells(found, margins)
    schools, county = [f"{school:02d}" for school in found.code[:, 0]], ["county"] * len(cells)
    shares, errors = [], []
    for counts in found.counts:
        sums = cell_sums(counts, SCORES)
        rows = [
            one
            for domain in (county, schools)
            for one in estimate_domains(
                cells, sums, domain=domain, design=DESIGN, calibration=calibration
            ).values()
        ]
        shares.append([one.estimate for one in rows])
        errors.append([one.se for one in rows])
    share, error = np.array(shares).T, np.array(errors).T
    return Tables(share[0], error[0], share[1:], error[1:])


def raked_cells(found: Tallied, margins: Mapping[str, Sequence[float]]) -> tuple[MarginCalibration, Cells]:
    words = {name: found.code[:, 1 + at].astype(str) for at, name in enumerate(CATEGORIES)}
    base = np.ones(len(found.n))
    raked = rake(
        base,
        [
            Margin(name, words[name], {str(at): people for at, people in enumerate(margins[name])})
            for name in CATEGORIES
        ],
        counts=found.n,
    )
    school = found.code[:, 0].astype(str)
    cells = Cells(
        audience=np.full(len(base), "parent"), location=words["location"], school=school, stratum=school,
        n=found.n, weight=raked.weights,
    )  # fmt: skip
    return MarginCalibration(margins=list(words.values()), base_weight=base), cells


def main(file: Path, result: Path) -> None:
    started = time.perf_counter()
    described = json.loads(described_in(file).read_text(encoding="utf-8"))
    columns = np.fromfile(file, np.int8).reshape(len(COLUMNS), described["replies"])
    found = tallied(columns)
    counted = time.perf_counter()
    made = tables(found, described["margins"])
    done = time.perf_counter()
    parts = (made.county, made.school, made.county_se, made.school_se)
    np.concatenate([part.ravel() for part in parts]).tofile(result)
    print(json.dumps({"seconds": done - started, "counting": counted - started, "cells": len(found.n)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
