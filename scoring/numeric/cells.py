"""Tally cells and the sampling design that is declared for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from scoring.numeric.errors import NumericInputError
from scoring.numeric.variance import SINGLE_UNIT_RULES, stratified_covariance, stratum_scale, sum_by


@dataclass(frozen=True)
class Design:
    """How the responses were drawn. There is no default: the variance depends on it more than on anything.

    kind: "all_schools" — every school was surveyed, the weighting strata are the strata and responses the
    sampling units; "sampled_schools" — schools were sampled within their urban-rural class and are the
    primary sampling units, responses without a school (deputies, residents) are their own units within
    audience × class.
    fpc: whether the finite population correction is applied. With "sampled_schools" it needs
    `schools_in_class`, the number of schools in every class, and then has a second stage within schools.
    single_unit: what a stratum of one unit contributes; "adjust" (conservative), "fail", "average",
    "certainty" and "remove" (both nothing: only if that unit was certain to be taken).
    """

    kind: Literal["all_schools", "sampled_schools"]
    fpc: bool
    single_unit: str = "adjust"
    schools_in_class: Mapping[str, int] | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("all_schools", "sampled_schools"):
            raise NumericInputError(
                f"design '{self.kind}' is unknown; declare 'all_schools' (every school was surveyed) or "
                "'sampled_schools' (a sample of schools was surveyed)"
            )
        if not isinstance(self.fpc, bool | np.bool_):
            raise NumericInputError(
                "state whether the finite population correction is on (true) or off (false)"
            )
        if self.single_unit not in SINGLE_UNIT_RULES:
            raise NumericInputError(
                f"single-unit rule '{self.single_unit}' is unknown; allowed: {', '.join(SINGLE_UNIT_RULES)}"
            )
        if self.kind == "all_schools" and self.schools_in_class is not None:
            raise NumericInputError(
                "when all schools are surveyed there is no number of schools to sample from; "
                "remove schools_in_class or declare 'sampled_schools'"
            )
        if self.kind == "sampled_schools" and self.fpc and not self.schools_in_class:
            raise NumericInputError(
                "a finite population correction for sampled schools needs every class's number of schools"
            )


@dataclass(frozen=True)
class Cells:
    """Cells of equal weight: one entry per audience × class × school × further declared strata.

    audience, location (urban-rural class), school ("" if none), stratum: words; n: all responses of the cell,
    whatever they answered; weight: population per response; stratum_population: people in the cell's stratum
    (needed for a finite population correction only). Cells without responses (n = 0) may be present.
    """

    audience: np.ndarray
    location: np.ndarray
    school: np.ndarray
    stratum: np.ndarray
    n: np.ndarray
    weight: np.ndarray
    stratum_population: np.ndarray | None = None

    def __post_init__(self) -> None:
        for name in ("audience", "location", "school", "stratum"):
            words = np.asarray(getattr(self, name), dtype=object)
            object.__setattr__(self, name, words)
        for name in ("n", "weight", "stratum_population"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), float))
        columns = ("audience", "location", "school", "stratum", "n", "weight")
        if len({len(getattr(self, name)) for name in columns}) != 1:
            raise NumericInputError("every column of the cells must have one entry per cell")
        if (self.n < 0).any():
            raise NumericInputError("a cell has a negative number of responses")
        answered = self.n > 0
        if not (np.isfinite(self.weight[answered]) & (self.weight[answered] >= 0)).all():
            c = int(np.flatnonzero(answered & ~(np.isfinite(self.weight) & (self.weight >= 0)))[0])
            raise NumericInputError(
                f"cell {self.audience[c]} / {self.location[c]} / {self.school[c] or '—'} has responses "
                "but no usable weight; import its population"
            )

    def __len__(self) -> int:
        return len(self.n)

    @cached_property
    def audience_codes(self) -> tuple[np.ndarray, np.ndarray]:
        """(names, code of every cell)."""
        return encode(self.audience)

    @cached_property
    def location_codes(self) -> tuple[np.ndarray, np.ndarray]:
        """(names, code of every cell)."""
        return encode(self.location)

    def units(self, design: Design) -> "UnitLayout":
        """Sampling units, strata and stages of these cells under the design; worked out once per design."""
        if design.schools_in_class is not None:
            return _sampled_schools(self, design)
        key = (design.kind, design.fpc, design.single_unit)
        if key not in self._layouts:
            lay_out = _all_schools if design.kind == "all_schools" else _sampled_schools
            self._layouts[key] = lay_out(self, design)
        return self._layouts[key]

    @cached_property
    def _layouts(self) -> dict[tuple, "UnitLayout"]:
        return {}


@dataclass(frozen=True)
class Stage:
    """One stage of sampling: group of each cell, stratum and units of each group, factor of each stratum."""

    group: np.ndarray
    stratum: np.ndarray
    units: np.ndarray
    scale: np.ndarray
    # False where the group is one unit (a school): the scatter of its answers belongs to a later stage.
    scatters: np.ndarray


@dataclass(frozen=True)
class UnitLayout:
    """The stages of a design, and the sampling unit and stratum of each cell for degrees of freedom."""

    stages: tuple[Stage, ...]
    single_unit: str
    psu: np.ndarray  # code of the school that is the cell's unit; -1 where responses are the units
    stratum: np.ndarray

    def covariance(self, totals: np.ndarray, scatter: np.ndarray, *, covariance: bool = True) -> np.ndarray:
        """(k, k) covariance, or (k,) variances, from the cells' sums (g, k) of weighted linearised values and
        the sums of their squared deviations from the cell mean, (g, k) or with products (g, k, k)."""
        k = totals.shape[1]
        result = np.zeros((k, k) if covariance else k)
        flat = scatter.reshape(len(scatter), -1)
        for stage in self.stages:
            size = len(stage.units)
            within = sum_by(stage.group, flat * stage.scatters[stage.group][:, None], size)
            within = within.reshape(size, *scatter.shape[1:])
            result = result + stratified_covariance(
                sum_by(stage.group, totals, size),
                stratum=stage.stratum,
                units=stage.units,
                n_strata=len(stage.scale),
                scale=stage.scale,
                within=within,
                single_unit=self.single_unit,
                covariance=covariance,
            )
        return result

    def degrees_of_freedom(self, valid: np.ndarray) -> int:
        """Sampling units minus strata, counted over units that hold at least one valid answer.

        valid: valid answers per cell, 0 outside the domain. May be 0 or negative: then there is no interval.
        """
        return int(self.degrees_of_freedom_by(np.zeros(len(valid), int), valid, size=1)[0])

    def degrees_of_freedom_by(self, domain: np.ndarray, valid: np.ndarray, *, size: int) -> np.ndarray:
        """The same for each of `size` domains: domain is the code of every cell, -1 outside all of them."""
        has = (valid > 0) & (domain >= 0)
        alone = has & (self.psu < 0)
        units = sum_by(domain[alone], valid[alone], size)
        for part, label, sign in ((has & ~alone, self.psu, 1), (has, self.stratum, -1)):
            if part.any():
                width = int(label.max()) + 1
                pairs = np.unique(domain[part] * width + label[part])
                units = units + sign * np.bincount(pairs // width, minlength=size)
        return np.rint(units).astype(int)


def encode(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted distinct words and the code of every entry."""
    names, codes = np.unique(np.asarray(words, dtype=str), return_inverse=True)
    return names, codes


def _all_schools(cells: Cells, design: Design) -> UnitLayout:
    names, stratum = encode(cells.stratum)
    held = sum_by(stratum, cells.n, len(names))
    population = _stratum_population(cells, stratum, len(names)) if design.fpc else None
    scale = stratum_scale(held, population, single_unit=design.single_unit, names=names)
    every = np.arange(len(cells))
    stage = Stage(every, stratum, cells.n, scale, np.ones(len(cells), bool))
    return UnitLayout((stage,), design.single_unit, np.full(len(cells), -1), stratum)


def _sampled_schools(cells: Cells, design: Design) -> UnitLayout:
    linked = cells.school != ""
    label = np.where(
        linked,
        "school\x1f" + cells.location.astype(str),
        "person\x1f" + cells.audience.astype(str) + "\x1f" + cells.location.astype(str),
    )
    names, stratum = encode(label)
    readable = [name.split("\x1f", 1)[1].replace("\x1f", " / ") for name in names]
    # A school is one unit across its audiences; every other cell is a group of its own responses.
    keys = np.where(linked, "s\x1f" + cells.school.astype(str), "c\x1f" + np.arange(len(cells)).astype(str))
    groups, group = encode(keys)
    first = np.full(len(groups), -1)
    first[group[::-1]] = np.arange(len(cells))[::-1]
    group_stratum = stratum[first]
    crossing = linked & (group_stratum[group] != stratum)
    if crossing.any():
        school = cells.school[np.flatnonzero(crossing)[0]]
        raise NumericInputError(f"school {school} appears in two urban-rural classes; a school has one class")
    responses = sum_by(group, cells.n, len(groups))
    is_school = np.zeros(len(groups), bool)
    is_school[group] = linked
    units = np.where(is_school, (responses > 0).astype(float), responses)
    held = sum_by(group_stratum, units, len(names))
    population = None
    if design.fpc:
        population = _unit_population(cells, design, stratum, names)
    scale = stratum_scale(held, population, single_unit=design.single_unit, names=readable)
    stages = [Stage(group, group_stratum, units, scale, ~is_school)]
    if design.fpc:
        stages.append(_within_schools(cells, design, linked, stratum, held, np.asarray(population)))
    return UnitLayout(tuple(stages), design.single_unit, np.where(linked, group, -1), stratum)


def _within_schools(
    cells: Cells,
    design: Design,
    linked: np.ndarray,
    stratum: np.ndarray,
    held: np.ndarray,
    population: np.ndarray,
) -> Stage:
    """Second stage: people within school × audience, times the sampling fraction of the school's class."""
    names, inner = encode(
        np.where(linked, cells.school.astype(str) + "\x1f" + cells.audience.astype(str), "\x1foutside")
    )
    people = _stratum_population(cells, inner, len(names), by_cell=True)
    responses = sum_by(inner, np.where(linked, cells.n, 0.0), len(names))
    fraction = np.zeros(len(names))
    fraction[inner] = np.where(linked, (held / population)[stratum], 0.0)
    people[~np.isin(np.arange(len(names)), inner[linked])] = np.inf
    scale = stratum_scale(
        responses,
        people,
        multiplier=fraction,
        single_unit="adjust" if design.single_unit == "average" else design.single_unit,
        names=[name.replace("\x1f", " / ") for name in names],
    )
    every = np.arange(len(cells))
    return Stage(every, inner, np.where(linked, cells.n, 0.0), scale, np.ones(len(cells), bool))


def _unit_population(cells: Cells, design: Design, stratum: np.ndarray, names: np.ndarray) -> np.ndarray:
    people = _stratum_population(cells, stratum, len(names), by_cell=True, skip_linked=True)
    known = design.schools_in_class or {}
    for h, name in enumerate(names):
        kind, rest = name.split("\x1f", 1)
        if kind == "school":
            if rest not in known:
                raise NumericInputError(f"the number of schools in class '{rest}' is missing")
            people[h] = known[rest]
    return people


def _stratum_population(
    cells: Cells, stratum: np.ndarray, size: int, *, by_cell: bool = False, skip_linked: bool = False
) -> np.ndarray:
    """People per stratum. A stratum's figure must be the same in all its cells; with `by_cell` several
    weighting strata may share one sampling stratum, and theirs are added."""
    if cells.stratum_population is None:
        raise NumericInputError("a finite population correction needs the population of every stratum")
    population = np.full(size, np.nan)
    if by_cell:
        weighting, inner = encode(cells.stratum)
        seen: set[tuple[int, int]] = set()
        population = np.zeros(size)
        for c in range(len(cells)):
            if skip_linked and cells.school[c] != "":
                continue
            key = (int(stratum[c]), int(inner[c]))
            if key not in seen:
                seen.add(key)
                population[stratum[c]] += cells.stratum_population[c]
    else:
        population[stratum] = cells.stratum_population
        if not np.allclose(population[stratum], cells.stratum_population, equal_nan=True):
            raise NumericInputError("the cells of one stratum state different populations")
    return population
