"""A sample of rows and how it was drawn: the design as one object.

Simple, stratified, one-stage and multi-stage cluster samples, with or without finite population
correction. The conventions are those of R `survey` 4.1 (`svydesign`): nothing is guessed, what
contradicts itself is refused. Source: Cochran 1977; Särndal, Swensson and Wretman 1992, ch. 4; Lumley
2010.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from scoring.numeric.auxiliary import AuxiliaryFit
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.lines import Lines, lines_of
from scoring.numeric.stages import SampleStage, sample_stages
from scoring.numeric.variance import SINGLE_UNIT_RULES, stratified_covariance, stratum_scale, sum_by

# Entries of a table of lines × groups that are handled at once; keeps a million rows within some 100 MB.
_LINE_VALUES = 16_000_000


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
        return self.stages[0].row_stratum

    def degrees_of_freedom(self, domain: np.ndarray | None = None) -> int:
        """First-stage units minus strata, counted over those that hold a row of the domain (booleans)."""
        first = self.stages[0]
        inside = None if domain is None else np.asarray(domain, bool)
        if inside is None or inside.all():
            return len(first.stratum) - len(first.names)
        held = np.zeros(len(first.stratum), bool)
        held[first.unit[inside]] = True
        strata = np.zeros(len(first.names), bool)
        strata[first.stratum[held]] = True
        return int(held.sum()) - int(strata.sum())

    def degrees_of_freedom_by(self, group: np.ndarray, n_groups: int) -> np.ndarray:
        """(n_groups,) the same for disjoint groups of rows with codes 0..n_groups-1, -1 in none."""
        first, inside = self.stages[0], group >= 0
        pairs = pd.unique(first.unit[inside] * n_groups + group[inside])
        unit, owner = np.divmod(pairs, n_groups)
        strata = pd.unique(first.stratum[unit] * n_groups + owner) % n_groups
        return np.bincount(owner, minlength=n_groups) - np.bincount(strata, minlength=n_groups)

    def with_weights(self, weight: np.ndarray, adjustment: Adjustment | None = None) -> "SurveyDesign":
        """The same sample with other weights; `adjustment` makes the standard errors know of a calibration,
        without it the weights count as fixed design weights."""
        added = self.adjustments if adjustment is None else (*self.adjustments, adjustment)
        return replace(self, weight=np.asarray(weight, float), adjustments=added)

    @cached_property
    def lines(self) -> Lines:
        """Rows that agree in their sampling units (in their strata where they are the units) and in what
        every calibration made of them."""
        columns = [stage.row_stratum if stage.of_rows else stage.unit for stage in self.stages]
        for adjustment in self.adjustments:
            columns += [adjustment.fit.cell, adjustment.fit.weights, adjustment.weights_after]
        return lines_of(columns)

    def covariance(self, weighted: np.ndarray, *, covariance: bool = True) -> np.ndarray:
        """(k, k) covariance, or (k,) variances, of k estimates from their weighted linearised values (n, k).

        First stage only when no population sizes are given; later stages add their variance times the
        sampling fractions above them; a stage without population sizes below one that has them counts as
        complete.
        """
        lines = self.lines
        values = self._of_positive_weight(np.asarray(weighted, float))
        sums = lines.sums(values)

        def within(scale: np.ndarray) -> np.ndarray:
            scaled = lines.deviations(values, sums)
            scaled *= np.sqrt(scale)[lines.line][:, None]
            return scaled.T @ scaled if covariance else np.einsum("nk,nk->k", scaled, scaled)

        return self._over_stages(lines, sums, within, covariance)

    def group_covariance(
        self, weighted: np.ndarray, *, group: np.ndarray, n_groups: int, covariance: bool = True
    ) -> np.ndarray:
        """The same for estimates of disjoint groups: of estimate b, `weighted` (n,) holds the values in the
        rows of group b, and all others are 0. group: (n,) codes 0..n_groups-1, -1 in none."""
        if n_groups == 0:
            return np.zeros((0, 0) if covariance else 0)
        lines = self.lines.split(group)
        values = self._of_positive_weight(np.asarray(weighted, float)[:, None])
        sums = lines.sums(values)
        squares = lines.sums(lines.deviations(values, sums)[:, 0] ** 2)
        owner = group[lines.example]
        width = n_groups if covariance else max(1, _LINE_VALUES // len(lines))
        parts = []
        for start in range(0, n_groups, width):
            asked = np.arange(start, min(start + width, n_groups))
            mine = owner[:, None] == asked

            # A line has values of one group only: deviations of two groups never meet in it.
            def within(scale: np.ndarray, mine: np.ndarray = mine) -> np.ndarray:
                found = (scale * squares) @ mine
                return np.diag(found) if covariance else found

            parts.append(self._over_stages(lines, np.where(mine, sums, 0.0), within, covariance))
        return parts[0] if covariance else np.concatenate(parts)

    def _of_positive_weight(self, values: np.ndarray) -> np.ndarray:
        """Values (n, k), 0 where a calibration left no weight: there is no residual per weight."""
        for adjustment in self.adjustments:
            if (adjustment.weights_after[self.lines.example] == 0).any():
                values = np.where(adjustment.weights_after[:, None] == 0, 0.0, values)
        return values

    def _residual_sums(self, lines: Lines, sums: np.ndarray) -> np.ndarray:
        """Sums by line (g, k) of the weighted linearised values after the regressions on the auxiliaries of
        every calibration, in the order in which they were made (as R `survey` does)."""
        for adjustment in self.adjustments:
            fit = adjustment.fit
            after = adjustment.weights_after[lines.example][:, None]
            before = fit.weights[lines.example][:, None]
            cell = fit.cell[lines.example]
            per_weight = np.divide(sums, after, out=np.zeros_like(sums), where=after != 0)
            fitted = fit.fitted_from_sums(sum_by(cell, before * per_weight, fit.n_cells))
            sums = (per_weight - lines.rows[:, None] * fitted[cell]) * after
        return sums

    def _over_stages(
        self,
        lines: Lines,
        sums: np.ndarray,
        within: Callable[[np.ndarray], np.ndarray],
        covariance: bool,
    ) -> np.ndarray:
        """Variance between the units of every stage, from sums by line (g, k); where rows are the units,
        `within` adds that inside the lines, given the scale (g,) of their squares."""
        sums = self._residual_sums(lines, sums)
        result: np.ndarray | float = 0.0
        multiplier: np.ndarray | None = None
        parent_fraction: np.ndarray | None = None
        for depth, stage in enumerate(self.stages):
            if depth > 0:
                if stage.population is None or parent_fraction is None:
                    break
                multiplier = self._multiplier(depth, parent_fraction)
            held = stage.held
            scale = stratum_scale(
                held, stage.population, multiplier=multiplier, single_unit=self.single_unit, names=stage.names
            )
            scale = _averaged(scale)
            unit = stage.unit[lines.example]
            if stage.of_rows:
                totals, stratum, units = sums, stage.stratum[unit], lines.rows
                result = result + within(scale[stratum])
            else:
                totals = sum_by(unit, sums, len(stage.stratum))
                stratum, units = stage.stratum, np.ones(len(stage.stratum))
            result = result + stratified_covariance(
                totals,
                stratum=stratum,
                units=units,
                n_strata=len(stage.names),
                scale=scale,
                single_unit=self.single_unit,
                covariance=covariance,
            )
            if stage.population is None:
                break
            fraction = np.where(np.isfinite(stage.population), held / stage.population, 0.0)[stage.stratum]
            parent_fraction = fraction if multiplier is None else fraction * multiplier[stage.stratum]
        return np.asarray(result)

    def _multiplier(self, depth: int, parent_fraction: np.ndarray) -> np.ndarray:
        """Sampling fractions above each stratum of this stage, through the unit that contains it."""
        stage, above = self.stages[depth], self.stages[depth - 1]
        multiplier = np.zeros(len(stage.names))
        multiplier[stage.stratum[stage.unit]] = parent_fraction[above.unit]
        return multiplier


def _averaged(scale: np.ndarray) -> np.ndarray:
    """Scales (strata,) of which those that stand for the average of the others (nan) are resolved."""
    averaged = np.isnan(scale)
    if not averaged.any():
        return scale
    if averaged.all():
        raise NotComputable("every stratum has only one sampling unit", code="single_unit_stratum")
    return np.where(averaged, 0.0, scale) * len(scale) / (len(scale) - averaged.sum())


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
    stages = sample_stages(
        n_rows,
        psu=psu,
        strata=strata,
        population=population,
        psu_ids_repeat_across_strata=psu_ids_repeat_across_strata,
    )
    if len(stages[0].stratum) == 1 and n_rows > 1 and psu and not (strata and psu_ids_repeat_across_strata):
        raise NumericInputError("the design has only one first-stage sampling unit; no variance can be had")
    return SurveyDesign(_weights(weight, stages, n_rows), stages, single_unit)


def _weights(weight: Sequence[float] | None, stages: Sequence[SampleStage], n_rows: int) -> np.ndarray:
    if weight is None:
        result = np.ones(n_rows)
        for stage in stages:
            if stage.population is not None:
                result *= (stage.population / stage.held)[stage.row_stratum]
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
