"""Change between two waves: the composite, an audience, every school.

Source: specification §11; Kish 1965 §12.4 (overlapping clusters); Benjamini and Hochberg 1995 across schools.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from scoring.numeric.audience_states import floor_of_share
from scoring.numeric.blocks import BlockMeans, Contrast, ItemSums, block_means
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite_shares import composite_factors
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.intervals import Interval, wald
from scoring.numeric.recode import CellSums, PairSums

_MARK = "\x1f"


@dataclass(frozen=True)
class Change:
    """Later minus earlier wave: difference, its variance and df, t statistic and two-sided p value."""

    difference: float
    variance: float
    df: int
    t: float
    p_value: float

    @property
    def se(self) -> float:
        """Standard error of the difference."""
        return self.variance**0.5

    def interval(self, *, level: float = 0.95) -> Interval:
        """t interval of the difference; to be printed before the test."""
        return wald(self.difference, variance=self.variance, df=self.df, level=level)

    def no_decline(self, *, margin: float, alpha: float = 0.05) -> bool:
        """Whether the one-sided lower bound of the difference lies above −margin (non-inferiority; the
        margin must have been set beforehand, in the unit of the figure)."""
        half = stats.t.ppf(1 - alpha, self.df) * self.se
        return bool(self.difference - half > -margin)


def stack_waves(earlier: Cells, later: Cells) -> Cells:
    """Both waves' cells in one table: strata and audiences are kept apart, a school of the same name is
    one school."""

    def joined(name: str, *, marked: bool) -> np.ndarray:
        one, two = getattr(earlier, name), getattr(later, name)
        if marked:
            one = np.array([f"1{_MARK}{word}" for word in one], dtype=object)
            two = np.array([f"2{_MARK}{word}" for word in two], dtype=object)
        return np.concatenate([one, two])

    population = None
    if earlier.stratum_population is not None and later.stratum_population is not None:
        population = joined("stratum_population", marked=False)
    return Cells(
        audience=joined("audience", marked=True),
        location=joined("location", marked=False),
        school=joined("school", marked=False),
        stratum=joined("stratum", marked=True),
        n=joined("n", marked=False),
        weight=joined("weight", marked=False),
        stratum_population=population,
    )


def stack_sums(earlier: CellSums | ItemSums, later: CellSums | ItemSums) -> CellSums | ItemSums:
    """Both waves' sums in the order of `stack_waves`; both of one item, or of the same several items."""
    if isinstance(earlier, CellSums) and isinstance(later, CellSums):
        return CellSums(*_joined(earlier, later, ("R", "S1", "S2")))
    if isinstance(earlier, CellSums) or isinstance(later, CellSums) or len(earlier.items) != len(later.items):
        raise NumericInputError("the two waves must be about the same items")
    items = tuple(
        CellSums(*_joined(one, two, ("R", "S1", "S2")))
        for one, two in zip(earlier.items, later.items, strict=True)
    )
    if earlier.pairs is None or later.pairs is None:
        return ItemSums(items)
    return ItemSums(items, PairSums(*_joined(earlier.pairs, later.pairs, ("n", "first", "products"))))


@dataclass(frozen=True)
class StackedWaves:
    """Both waves as blocks, audience × class (`fine`) and audience (`whole`), for any number of changes."""

    names: np.ndarray
    places: tuple[str, ...]
    fine: BlockMeans
    whole: BlockMeans

    def change(
        self,
        audience_shares: Mapping[str, float],
        *,
        class_shares: Mapping[str, float] | None,
        smoothed: bool = False,
    ) -> Change:
        """As `wave_change` says."""
        valid = self.fine.n_valid.reshape(len(self.names), len(self.places))
        weighted = self.fine.weighted_valid.reshape(len(self.names), len(self.places))
        factors = np.zeros((len(self.names), len(self.places)))
        for wave, sign in (("1", -1.0), ("2", 1.0)):
            for audience, share in audience_shares.items():
                found = np.flatnonzero(self.names == f"{wave}{_MARK}{audience}")
                if share and (not len(found) or valid[found[0]].sum() == 0):
                    raise NotComputable(
                        f"audience '{audience}' has no valid answer in wave {wave}",
                        code="audience_without_answers",
                    )
                if share:
                    a = int(found[0])
                    own = composite_factors(audience, class_shares, list(self.places), valid[a], weighted[a])
                    factors[a] = sign * share * own
        # The audience's own class distribution: one block per audience and wave, whose mean is exact.
        basis, rows = (
            (self.whole, np.diag(factors.sum(axis=1)))
            if class_shares is None
            else (self.fine, _by_row(factors))
        )
        change = basis.contrast(rows.sum(axis=0))
        if smoothed:
            used = np.flatnonzero(np.abs(factors).sum(axis=1) > 0)
            added = (
                _added(basis, rows[a], share=abs(factors[a].sum()), n=self.whole.kish_n[a]) for a in used
            )
            change = replace(change, variance=change.variance + sum(added))
        return _tested(change)


def stacked_waves(
    earlier: tuple[Cells, CellSums | ItemSums], later: tuple[Cells, CellSums | ItemSums], *, design: Design
) -> StackedWaves:
    """The means of both waves with their covariance, worked out once."""
    cells, sums = stack_waves(earlier[0], later[0]), stack_sums(earlier[1], later[1])
    names, codes = cells.audience_codes
    places, place = cells.location_codes
    fine = block_means(
        cells, sums, block=codes * len(places) + place, n_blocks=len(names) * len(places), design=design
    )
    whole = block_means(cells, sums, block=codes, n_blocks=len(names), design=design)
    return StackedWaves(names, tuple(str(name) for name in places), fine, whole)


def wave_change(
    earlier: tuple[Cells, CellSums | ItemSums],
    later: tuple[Cells, CellSums | ItemSums],
    *,
    audience_shares: Mapping[str, float],
    class_shares: Mapping[str, float] | None,
    design: Design,
    smoothed: bool = False,
) -> Change:
    """Change of the composite (one share of 1: of an audience).

    smoothed: for shares, the variance of the verdict: Σ share_a² (V⁺_a − V_a) of both waves is added, so that
    a small audience of one mind in one wave does not turn the next wave's first dissent into a finding.

    design "all_schools": the waves' responses are independent, strata within wave; "sampled_schools": a
    school in both waves is one sampling unit, whose covariance counts, people without a school are units
    within wave × audience × class. The shares must be the same in both waves; weights are each wave's
    own. Not computable if an audience with a share has no valid answer in either wave.
    """
    stacked = stacked_waves(earlier, later, design=design)
    return stacked.change(audience_shares, class_shares=class_shares, smoothed=smoothed)


def school_changes(
    earlier: tuple[Cells, CellSums],
    later: tuple[Cells, CellSums],
    *,
    audience: str,
    design: Design,
    least_valid: int = 2,
    smoothed: bool = False,
) -> dict[str, Change]:
    """Change of one audience's mean in every school with at least `least_valid` valid answers in both waves.

    smoothed: as in `wave_change`, with every wave's answers in the school as an audience of its own.

    Strata of responses only ("all_schools"): with sampled schools one school has no standard error. Many
    schools are tested at once: pass the p values through Benjamini–Hochberg before naming any school.
    """
    if design.kind != "all_schools":
        raise NumericInputError(
            "changes school by school need 'all_schools'; a sampled school is a single unit"
        )
    cells, sums = stack_waves(earlier[0], later[0]), stack_sums(earlier[1], later[1])
    schools = np.unique([s for s in cells.school if s != ""])
    inside = np.isin(cells.audience, [f"1{_MARK}{audience}", f"2{_MARK}{audience}"]) & (cells.school != "")
    second = np.array([str(a).startswith("2") for a in cells.audience])
    block = np.where(inside, np.searchsorted(schools, cells.school.astype(str)) * 2 + second, -1)
    found = block_means(cells, sums, block=block, n_blocks=2 * len(schools), design=design, covariance=False)
    changes = {}
    for j, school in enumerate(schools):
        one, two = 2 * j, 2 * j + 1
        if min(found.n_valid[one], found.n_valid[two]) < least_valid:
            continue
        counted = np.where((block == one) | (block == two), found.valid, 0)
        df = found.layout.degrees_of_freedom(counted)
        variance = float(found.covariance[one] + found.covariance[two])
        if smoothed:
            pairs = ((found.mean[b], found.covariance[b], found.kish_n[b]) for b in (one, two))
            variance += sum(
                floor_of_share(mean, n=n) - v for mean, v, n in pairs if floor_of_share(mean, n=n) > v
            )
        if df < 1:
            continue
        contrast = Contrast(float(found.mean[two] - found.mean[one]), variance, df, int(counted.sum()))
        changes[str(school)] = _tested(contrast)
    return changes


def _joined(one: object, two: object, names: tuple[str, ...]) -> list[np.ndarray]:
    return [np.concatenate([getattr(one, name), getattr(two, name)]) for name in names]


def _by_row(factors: np.ndarray) -> np.ndarray:
    """(A, A·C) the factors of every audience alone, in the order of the fine blocks."""
    rows = np.zeros((len(factors), factors.size))
    for a, own in enumerate(factors):
        rows[a, a * factors.shape[1] : (a + 1) * factors.shape[1]] = own
    return rows


def _added(basis: BlockMeans, row: np.ndarray, *, share: float, n: float) -> float:
    """share² (V⁺_a − V_a) of one audience in one wave; `row` are its factors, which add to ±share."""
    own = basis.contrast(row / row.sum())
    return share**2 * max(floor_of_share(own.estimate, n=n) - own.variance, 0.0)


def _tested(contrast: Contrast) -> Change:
    if contrast.df < 1:
        raise NotComputable("the design leaves no degrees of freedom for the change", code="no_df")
    if contrast.variance > 0:
        t = contrast.estimate / contrast.se
    else:
        t = 0.0 if contrast.estimate == 0 else float(np.copysign(np.inf, contrast.estimate))
    return Change(
        contrast.estimate, contrast.variance, contrast.df, t, float(2 * stats.t.sf(abs(t), contrast.df))
    )
