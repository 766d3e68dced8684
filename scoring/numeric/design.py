"""A sample of rows and how it was drawn: the design as one object.

Simple, stratified, one-stage and multi-stage cluster samples, with or without finite population
correction. The conventions are those of R `survey` 4.1 (`svydesign`): nothing is guessed, what
contradicts itself is refused. Source: Cochran 1977; Särndal, Swensson and Wretman 1992, ch. 4; Lumley
2010.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from scoring.numeric.auxiliary import AuxiliaryFit
from scoring.numeric.errors import NumericInputError
from scoring.numeric.variance import SINGLE_UNIT_RULES, stratified_covariance, stratum_scale, sum_by


@dataclass(frozen=True)
class SampleStage:
    """One stage: sampling unit of every row, and stratum, population and names of strata per unit."""

    unit: np.ndarray  # (n,) codes
    stratum: np.ndarray  # (units,) codes
    population: np.ndarray | None  # (strata,) units in the population
    names: tuple[str, ...]


@dataclass(frozen=True)
class Adjustment:
    """A calibration of the weights: its regression on auxiliaries, and the weights after it."""

    fit: AuxiliaryFit
    weights_after: np.ndarray


@dataclass(frozen=True)
class SurveyDesign:
    """Rows with weights, stages of sampling and the calibrations of their weights; build with
    `survey_design`."""

    weight: np.ndarray
    stages: tuple[SampleStage, ...]
    single_unit: str
    adjustments: tuple[Adjustment, ...] = ()

    def __len__(self) -> int:
        return len(self.weight)

    @property
    def row_stratum(self) -> np.ndarray:
        """(n,) first-stage stratum code of every row."""
        return self.stages[0].stratum[self.stages[0].unit]

    def degrees_of_freedom(self, domain: np.ndarray | None = None) -> int:
        """First-stage units minus strata, counted over those that hold a row of the domain (booleans)."""
        first = self.stages[0]
        held = np.zeros(len(first.stratum), bool)
        held[first.unit if domain is None else first.unit[np.asarray(domain, bool)]] = True
        strata = np.zeros(len(first.names), bool)
        strata[first.stratum[held]] = True
        return int(held.sum()) - int(strata.sum())

    def with_weights(self, weight: np.ndarray, adjustment: Adjustment | None = None) -> "SurveyDesign":
        """The same sample with other weights; `adjustment` makes the standard errors know of a calibration,
        without it the weights count as fixed design weights."""
        added = self.adjustments if adjustment is None else (*self.adjustments, adjustment)
        return replace(self, weight=np.asarray(weight, float), adjustments=added)

    def residuals(self, weighted: np.ndarray) -> np.ndarray:
        """Weighted linearised values (n, k) after the regressions on the auxiliaries of every calibration.

        Adjustments are taken in the order in which they were made (as R `survey` does).
        """
        values = np.asarray(weighted, float)
        for adjustment in self.adjustments:
            after = adjustment.weights_after[:, None]
            per_weight = np.divide(values, after, out=np.zeros_like(values), where=after != 0)
            values = (per_weight - adjustment.fit.fitted(per_weight)) * after
        return values

    def covariance(self, weighted: np.ndarray, *, covariance: bool = True) -> np.ndarray:
        """(k, k) covariance, or (k,) variances, of k estimates from their weighted linearised values (n, k).

        First stage only when no population sizes are given; later stages add their variance times the
        sampling fractions above them; a stage without population sizes below one that has them counts as
        complete.
        """
        values = self.residuals(weighted)
        k = values.shape[1]
        result = np.zeros((k, k) if covariance else k)
        multiplier: np.ndarray | None = None
        parent_fraction: np.ndarray | None = None
        for depth, stage in enumerate(self.stages):
            if depth > 0:
                if stage.population is None or parent_fraction is None:
                    break
                multiplier = self._multiplier(depth, parent_fraction)
            n_units, n_strata = len(stage.stratum), len(stage.names)
            held = np.bincount(stage.stratum, minlength=n_strata)
            scale = stratum_scale(
                held, stage.population, multiplier=multiplier, single_unit=self.single_unit, names=stage.names
            )
            result = result + stratified_covariance(
                sum_by(stage.unit, values, n_units),
                stratum=stage.stratum,
                units=np.ones(n_units),
                n_strata=n_strata,
                scale=scale,
                single_unit=self.single_unit,
                covariance=covariance,
            )
            if stage.population is None:
                break
            fraction = np.where(np.isfinite(stage.population), held / stage.population, 0.0)[stage.stratum]
            parent_fraction = fraction if multiplier is None else fraction * multiplier[stage.stratum]
        return result

    def _multiplier(self, depth: int, parent_fraction: np.ndarray) -> np.ndarray:
        """Sampling fractions above each stratum of this stage, through the unit that contains it."""
        stage, above = self.stages[depth], self.stages[depth - 1]
        multiplier = np.zeros(len(stage.names))
        multiplier[stage.stratum[stage.unit]] = parent_fraction[above.unit]
        return multiplier


def survey_design(
    n_rows: int,
    *,
    weight: Sequence[float] | None,
    psu: Sequence[Sequence] = (),
    strata: Sequence[Sequence] = (),
    population: Sequence[Sequence[float]] = (),
    psu_ids_repeat_across_strata: bool = False,
    single_unit: str = "fail",
) -> SurveyDesign:
    """Declare how n_rows rows were drawn.

    weight: (n,) population per row, or None to use the inverse sampling fractions of all stages (without
    `population`: 1 each); psu: one column of unit ids per stage (none: rows are the units); strata: one
    column per stage, usually only the first; population: per stage, units in the population of the row's
    stratum or, at later stages, of its unit; values all below 1 are read as sampling fractions. Ids of
    later stages may repeat between units; ids of the first stage may repeat between strata only if
    `psu_ids_repeat_across_strata`.

    Refused: missing values in any of these, units that cross strata, a population below the sample or
    differing within a stratum, more population columns than stages, negative weights.
    """
    if n_rows < 1:
        raise NumericInputError("a design needs at least one row")
    if single_unit not in SINGLE_UNIT_RULES:
        raise NumericInputError(
            f"single-unit rule '{single_unit}' is unknown; allowed are {', '.join(SINGLE_UNIT_RULES)}"
        )
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
        first = _first_rows(unit)
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
    if len(stages[0].stratum) == 1 and n_rows > 1 and psu and not (strata and psu_ids_repeat_across_strata):
        raise NumericInputError("the design has only one first-stage sampling unit; no variance can be had")
    return SurveyDesign(_weights(weight, stages, n_rows), tuple(stages), single_unit)


def _codes(column: Sequence, what: str, n_rows: int) -> np.ndarray:
    codes, _ = pd.factorize(np.asarray(column))
    if len(codes) != n_rows:
        raise NumericInputError(f"the {what} column has {len(codes)} entries for {n_rows} rows")
    if (codes < 0).any():
        raise NumericInputError(f"row {int(np.flatnonzero(codes < 0)[0]) + 1} has no {what}")
    return codes


def _labels(column: Sequence, n_rows: int) -> tuple[np.ndarray, np.ndarray]:
    codes, names = pd.factorize(np.asarray(column), sort=True)
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


def _first_rows(unit: np.ndarray) -> np.ndarray:
    first = np.zeros(unit.max() + 1, int)
    first[unit[::-1]] = np.arange(len(unit))[::-1]
    return first


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


def _weights(weight: Sequence[float] | None, stages: list[SampleStage], n_rows: int) -> np.ndarray:
    if weight is None:
        result = np.ones(n_rows)
        for stage in stages:
            if stage.population is not None:
                held = np.bincount(stage.stratum, minlength=len(stage.names))
                result *= (stage.population / held)[stage.stratum][stage.unit]
        if np.isinf(result).any():
            raise NumericInputError(
                "weights cannot be computed from an infinite population; give the weights"
            )
        return result
    result = np.asarray(weight, float)
    if len(result) != n_rows:
        raise NumericInputError(f"there are {len(result)} weights for {n_rows} rows")
    if not np.isfinite(result).all() or (result < 0).any():
        row = int(np.flatnonzero(~(np.isfinite(result) & (result >= 0)))[0])
        raise NumericInputError(f"row {row + 1} has the weight {result[row]}; weights are numbers, 0 or more")
    return result
