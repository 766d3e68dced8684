"""Stages of sampling: which unit every row belongs to, in which stratum, and of how many units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scoring.numeric.errors import NumericInputError
from scoring.numeric.lines import first_rows


@dataclass(frozen=True)
class SampleStage:
    """One stage: sampling unit of every row, and stratum, population and names of strata per unit."""

    unit: np.ndarray  # (n,) codes
    stratum: np.ndarray  # (units,) codes
    population: np.ndarray | None  # (strata,) units in the population
    names: tuple[str, ...]

    @property
    def of_rows(self) -> bool:
        """Whether every row is a unit of its own."""
        return len(self.stratum) == len(self.unit)

    @property
    def row_stratum(self) -> np.ndarray:
        """(n,) stratum of every row."""
        return self.stratum[self.unit]

    @property
    def held(self) -> np.ndarray:
        """(strata,) units in the sample."""
        return np.bincount(self.stratum, minlength=len(self.names))


def sample_stages(
    n_rows: int,
    *,
    psu: Sequence[Sequence],
    strata: Sequence[Sequence],
    population: Sequence[Sequence[float]],
    psu_ids_repeat_across_strata: bool,
) -> tuple[SampleStage, ...]:
    """The stages of a design; its columns are described at `survey_design`."""
    ids = [_codes(column, "sampling unit", n_rows) for column in psu] or [np.arange(n_rows)]
    if len(strata) > len(ids) or len(population) > len(ids):
        raise NumericInputError(
            f"the design has {len(ids)} stage(s) of sampling units but {len(strata)} of strata and "
            f"{len(population)} of population sizes"
        )
    stages: list[SampleStage] = []
    above = np.zeros(n_rows, int)
    for depth, column in enumerate(ids):
        if depth < len(strata):
            names, inner = _labels(strata[depth], n_rows)
        else:
            names, inner = np.array(["all"]), np.zeros(n_rows, int)
        label, stratum = np.unique(above * len(names) + inner, return_inverse=True)
        nested = depth > 0 or psu_ids_repeat_across_strata
        unit = _nested_units(column, stratum if nested else None, above if depth else None)
        first = first_rows(unit)
        if not nested and (stratum[first][unit] != stratum).any():
            raise NumericInputError(
                "a sampling unit's id appears in more than one stratum; correct the ids, or state that they "
                "are numbered anew in every stratum (psu_ids_repeat_across_strata)"
            )
        size = len(label)
        people = None
        if depth < len(population):
            people = _population(
                population[depth], stratum, np.bincount(stratum[first], minlength=size), n_rows
            )
        readable = tuple(str(names[code % len(names)]) for code in label)
        stages.append(SampleStage(unit, stratum[first], people, readable))
        above = unit
    return tuple(stages)


def _factorized(column: Sequence, *, sort: bool = False) -> tuple[np.ndarray, Any]:
    # A column of words is not unpacked to one object per row.
    return pd.factorize(column if isinstance(column, pd.Series) else np.asarray(column), sort=sort)


def _codes(column: Sequence, what: str, n_rows: int) -> np.ndarray:
    codes, _ = _factorized(column)
    if len(codes) != n_rows:
        raise NumericInputError(f"the {what} column has {len(codes)} entries for {n_rows} rows")
    if (codes < 0).any():
        raise NumericInputError(f"row {int(np.flatnonzero(codes < 0)[0]) + 1} has no {what}")
    return codes


def _labels(column: Sequence, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    codes, names = _factorized(column, sort=True)
    if len(codes) != n_rows:
        raise NumericInputError(f"the stratum column has {len(codes)} entries for {n_rows} rows")
    if (codes < 0).any():
        raise NumericInputError(f"row {int(np.flatnonzero(codes < 0)[0]) + 1} has no stratum")
    return np.asarray(names), codes


def _nested_units(column: np.ndarray, stratum: np.ndarray | None, above: np.ndarray | None) -> np.ndarray:
    key = column.astype(np.int64)
    for outer in (stratum, above):
        if outer is not None:
            key = pd.factorize(key * (int(outer.max()) + 1) + outer)[0]
    return pd.factorize(key)[0]


def _population(column: Sequence[float], stratum: np.ndarray, held: np.ndarray, n_rows: int) -> np.ndarray:
    values = np.asarray(column, float)
    if len(values) != n_rows or np.isnan(values).any() or (values <= 0).any():
        raise NumericInputError("every row needs a population size of its stratum, above 0")
    if (values <= 1).all() and (values < 1).any():
        values = held[stratum] / values
    elif (values < 1).any():
        raise NumericInputError("population sizes must be all at least 1, or all sampling fractions up to 1")
    people = np.zeros(len(held))
    people[stratum] = values
    if not np.allclose(people[stratum], values, rtol=1e-9):
        row = int(np.flatnonzero(~np.isclose(people[stratum], values, rtol=1e-9))[0])
        raise NumericInputError(f"row {row + 1}: the population size differs within its stratum")
    return people
