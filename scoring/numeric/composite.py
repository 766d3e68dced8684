"""The county figure: a fixed-share composite of audience means, with everything beneath it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scoring.numeric.blocks import BlockMeans, ItemSums, MarginCalibration, block_means
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite_shares import BlockMerge, checked_shares, composite_factors
from scoring.numeric.errors import NotComputable
from scoring.numeric.recode import CellSums


@dataclass(frozen=True)
class AudienceEstimate:
    """One audience of the composite.

    share: its part of the composite; n responses, n_valid valid answers; n_eff: Kish effective number of
    valid answers; estimate, variance, se: of the audience's mean (as it enters the composite); df;
    element_variance: weighted variance of the scores among people; part_of_variance: share² variance /
    composite variance (covariances between audiences make the parts add to something other than 1).
    """

    audience: str
    share: float
    n: int
    n_valid: int
    n_eff: float
    estimate: float
    variance: float
    df: int
    element_variance: float
    part_of_variance: float

    @property
    def se(self) -> float:
        """Standard error of the audience's mean."""
        return self.variance**0.5

    @property
    def deff(self) -> float | None:
        """Variance over that of as many answers drawn at random with replacement; None if all are equal."""
        if not self.element_variance > 0 or self.n_valid < 1:
            return None
        return self.variance / (self.element_variance / self.n_valid)


@dataclass(frozen=True)
class LocationEstimate:
    """The composite inside one urban-rural class; no estimate, variance or df when `reason` is given.

    audiences: those that count, as they are inside the class (df is the class's); empty with a reason.
    """

    location: str
    n_valid: int
    estimate: float | None
    variance: float | None
    df: int | None
    reason: str | None = None
    audiences: tuple[AudienceEstimate, ...] = ()

    @property
    def se(self) -> float | None:
        """Standard error, None where there is no estimate."""
        return None if self.variance is None else self.variance**0.5


@dataclass(frozen=True)
class CompositeEstimate:
    """Σ_a share_a Σ_h P_h μ_ah, or with the audience's own class distribution Σ_a share_a μ_a.

    variance is the linearised V with the covariances between audiences; audience_covariance is in the
    order of `audiences` (those of positive share first come first). n_valid counts answers of audiences
    with a share.
    """

    estimate: float
    variance: float
    df: int
    n: int
    n_valid: int
    audiences: tuple[AudienceEstimate, ...]
    locations: tuple[LocationEstimate, ...]
    merged: tuple[BlockMerge, ...]
    audience_covariance: np.ndarray
    class_shares: Mapping[str, float] | None
    design: Design
    exact: bool = True

    @property
    def se(self) -> float:
        """Standard error of the composite."""
        return self.variance**0.5

    def audience(self, name: str) -> AudienceEstimate:
        """The estimate of one audience; KeyError if it is not part of the composite."""
        for entry in self.audiences:
            if entry.audience == name:
                return entry
        raise KeyError(name)


def estimate_composite(
    cells: Cells,
    sums: CellSums | ItemSums,
    *,
    audience_shares: Mapping[str, float],
    class_shares: Mapping[str, float] | None,
    design: Design,
    calibration: MarginCalibration | None = None,
) -> CompositeEstimate:
    """The composite, its audiences and its classes, with linearised variances, from cells.

    audience_shares: audience → share, adding to 1; class_shares: urban-rural class → share of the resident
    population, adding to 1, in the order in which neighbouring classes lie (乡村, 镇区, 城区), or None for
    every audience's own population. Scores may be 0/1 (the result is a share) or points.

    A class of an audience without valid answers gives its share to the audience's nearest class (the one
    with more valid answers if two are equally near), and is listed in `merged`. An audience of positive
    share without any valid answer makes the whole *not computable*. Audiences in the cells without a
    share are reported with share 0. Source: specification §2 and §4.
    """
    shares = checked_shares(audience_shares, "audience")
    if class_shares is not None:
        class_shares = checked_shares(class_shares, "class")
    layout = cells.units(design)
    found_names, codes = cells.audience_codes
    found_places, place = cells.location_codes
    names, places = [str(name) for name in found_names], [str(name) for name in found_places]

    def means(block: np.ndarray, n_blocks: int) -> BlockMeans:
        return block_means(
            cells, sums, block=block, n_blocks=n_blocks, design=design, calibration=calibration, layout=layout
        )

    whole = means(codes, len(names))
    fine = means(codes * len(places) + place, len(names) * len(places))
    valid = fine.n_valid.reshape(len(names), len(places))
    asked = [name for name, share in shares.items() if share > 0]
    for name in asked:
        if name not in names or valid[names.index(name)].sum() == 0:
            raise NotComputable(
                f"audience '{name}' counts {shares[name]:.0%} of the composite but has no valid answer",
                code="audience_without_answers",
            )
    listed = asked + [n for n in names if n not in asked and valid[names.index(n)].sum() > 0]
    merged: list[BlockMerge] = []
    if class_shares is None:
        basis = whole
        factors = np.array([np.eye(len(names))[names.index(name)] for name in listed])
    else:
        basis = fine
        factors = np.zeros((len(listed), len(names), len(places)))
        for i, name in enumerate(listed):
            a = names.index(name)
            factors[i, a] = composite_factors(name, class_shares, places, valid[a], valid[a], merged)
        factors = factors.reshape(len(listed), -1)
    share = np.array([shares.get(name, 0.0) for name in listed])
    total = basis.contrast(share @ factors)
    covariance = factors @ basis.covariance @ factors.T
    audiences = []
    responses = np.bincount(codes, weights=cells.n, minlength=len(names))
    for i, name in enumerate(listed):
        own, a = basis.contrast(factors[i]), names.index(name)
        audiences.append(
            AudienceEstimate(
                audience=name,
                share=float(share[i]),
                n=int(responses[a]),
                n_valid=own.n_valid,
                n_eff=float(whole.kish_n[a]),
                estimate=own.estimate,
                variance=own.variance,
                df=own.df,
                element_variance=float(whole.element_variance[a]),
                part_of_variance=float(share[i] ** 2 * own.variance / total.variance)
                if total.variance
                else 0.0,
            )
        )
    return CompositeEstimate(
        estimate=total.estimate,
        variance=total.variance,
        df=total.df,
        n=int(responses[[names.index(name) for name in asked]].sum()),
        n_valid=total.n_valid,
        audiences=tuple(audiences),
        locations=tuple(_locations(fine, names, places, shares, asked)),
        merged=tuple(merged),
        audience_covariance=covariance,
        class_shares=class_shares,
        design=design,
        exact=basis.exact,
    )


def _locations(
    fine: BlockMeans, names: list[str], places: list[str], shares: Mapping[str, float], asked: list[str]
) -> list[LocationEstimate]:
    results = []
    for h, place in enumerate(places):
        factors = np.zeros((len(names), len(places)))
        for name in asked:
            factors[names.index(name), h] = shares[name]
        n_valid = fine.n_valid.reshape(len(names), len(places))[[names.index(a) for a in asked], h]
        missing = [name for name, count in zip(asked, n_valid, strict=True) if count == 0]
        if missing:
            reason = f"no valid answer of {', '.join(missing)} in class '{place}'"
            results.append(LocationEstimate(place, int(n_valid.sum()), None, None, None, reason))
            continue
        found = fine.contrast(factors.ravel())
        parts = tuple(
            _inside(fine, block, name, shares[name], found.df, found.variance)
            for name, block in ((name, names.index(name) * len(places) + h) for name in asked)
        )
        results.append(
            LocationEstimate(place, found.n_valid, found.estimate, found.variance, found.df, audiences=parts)
        )
    return results


def _inside(fine: BlockMeans, block: int, name: str, share: float, df: int, total: float) -> AudienceEstimate:
    """An audience inside one class, whose block it is."""
    variance = float(fine.covariance[block, block])
    return AudienceEstimate(
        audience=name,
        share=share,
        n=int(fine.n_valid[block]),
        n_valid=int(fine.n_valid[block]),
        n_eff=float(fine.kish_n[block]),
        estimate=float(fine.mean[block]),
        variance=variance,
        df=df,
        element_variance=float(fine.element_variance[block]),
        part_of_variance=share**2 * variance / total if total else 0.0,
    )
