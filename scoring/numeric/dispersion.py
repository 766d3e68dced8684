"""The coefficient of variation between schools (差异系数), which the law holds against a limit.

Source: 教督〔2012〕3号 and 教督〔2017〕6号, method of the between-school balance. Nothing here rounds:
a district at 0.501787 is above 0.50.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class Dispersion:
    """One indicator over the schools of one stage; amounts and means in the amount's own unit."""

    schools: int
    pupils: float
    amount: float
    per_pupil: np.ndarray  # x_i, one value per school, in the order given
    county_mean: float  # X̄ = ΣX / ΣP per pupil, not the mean of the schools' ratios
    variance: float  # Σ (P_i/ΣP)(x_i − X̄)²
    sd: float
    cv: float


def describe_dispersion(amounts: ArrayLike, pupils: ArrayLike) -> Dispersion:
    """Pupil-weighted dispersion (差异系数) of one indicator, with every step an inspector may ask for.

    `amounts`: raw amount per school (teachers, ㎡, 元, rooms), not yet divided by pupils; `pupils`: pupils
    per school, same order. The deviation is the population one, weighted by pupils, without n − 1.
    Counting per 100 pupils, or in 万元, leaves `cv` unchanged.

    Not computable, with the school's position: no school at all; a school without pupils or with unknown
    pupils; an unknown amount; a county mean of zero. One school alone has a CV of 0. Negative numbers and
    lists of different length raise NumericInputError.

    >>> round(describe_dispersion([279, 137, 935, 160, 402], [45, 37, 89, 76, 55]).cv, 4)
    0.5153
    """
    x_total = np.atleast_1d(np.asarray(amounts, dtype=float))
    p = np.atleast_1d(np.asarray(pupils, dtype=float))
    if x_total.shape != p.shape or p.ndim != 1:
        raise NumericInputError(f"{x_total.size} amounts and {p.size} pupil numbers: one of each per school")
    if p.size == 0:
        raise NotComputable("there is no school to compare", code="no_schools")
    if np.any(p < 0) or np.any(x_total < 0):
        raise NumericInputError("amounts and pupils are never negative")
    _refuse(~np.isfinite(p), "the number of pupils is unknown", "pupils_unknown")
    _refuse(p == 0, "there are no pupils", "school_without_pupils")
    _refuse(~np.isfinite(x_total), "the amount is unknown", "amount_unknown")
    amount, total_pupils = x_total.sum(), p.sum()
    mean = amount / total_pupils
    if mean == 0:
        raise NotComputable(
            "the county has none of it, so there is no mean to compare with", code="zero_mean"
        )
    per_pupil = x_total / p
    variance = float((p / total_pupils * (per_pupil - mean) ** 2).sum())
    sd = float(np.sqrt(variance))
    return Dispersion(
        schools=int(p.size),
        pupils=float(total_pupils),
        amount=float(amount),
        per_pupil=per_pupil,
        county_mean=float(mean),
        variance=variance,
        sd=sd,
        cv=sd / float(mean),
    )


def between_school_cv(amounts: ArrayLike, pupils: ArrayLike) -> float:
    """Pupil-weighted coefficient of variation (差异系数) of one indicator, a plain number ≥ 0.

    Arguments, edge cases and source as in `describe_dispersion`.

    >>> between_school_cv([10, 20], [100, 200])
    0.0
    """
    return describe_dispersion(amounts, pupils).cv


def composite_cv(cvs: Sequence[float | None] | ArrayLike) -> float:
    """Composite coefficient (综合差异系数) of the basic-balance system: the plain mean of the CVs.

    Every indicator must have its own: one that is missing (None or NaN) makes the composite not computable,
    because a mean over fewer indicators is another number. Source: 教督〔2012〕3号.

    >>> composite_cv([0.25, 0.75])
    0.5
    """
    values = np.array(
        [np.nan if cv is None else cv for cv in np.atleast_1d(np.asarray(cvs, dtype=object))], float
    )
    if values.size == 0:
        raise NotComputable("there is no indicator to average", code="no_indicators")
    missing = np.flatnonzero(~np.isfinite(values))
    if missing.size:
        places = ", ".join(str(i + 1) for i in missing)
        raise NotComputable(
            f"no coefficient of variation for indicator number {places} of {values.size}", code="cv_missing"
        )
    if np.any(values < 0):
        raise NumericInputError("a coefficient of variation is never negative")
    return float(values.mean())


def _refuse(where: np.ndarray, what: str, code: str) -> None:
    if where.any():
        places = np.flatnonzero(where) + 1
        named = ", ".join(str(i) for i in places[:10]) + (" …" if places.size > 10 else "")
        raise NotComputable(f"{what} for school number {named} of {where.size}", code=code)
