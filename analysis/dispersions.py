"""The dispersion of an indicator between schools (差异系数), held against its limit without any rounding.

The formula is `scoring.numeric.dispersion`; here it meets named schools, published figures and exact limits.
Source: 教督〔2012〕3号 and 教督〔2017〕6号, method of the between-school balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from analysis.standard_parts import Indicator
from scoring.numeric.dispersion import composite_cv, describe_dispersion
from scoring.numeric.errors import NotComputable

# Floating point gives a coefficient to 15 digits; nearer to the limit than this it is compared exactly.
NEAR = 1e-9


@dataclass(frozen=True)
class IndicatorDispersion:
    """Between-school dispersion of one indicator at one stage; mean and sd in the indicator's own unit.

    is_given: taken from a published table instead of computed. `amounts` (raw amount, pupils) per school are
    kept for the comparison with a limit and for what would change it.
    """

    indicator: str
    stage: str
    cv: float
    mean: float | None = None
    sd: float | None = None
    schools: int | None = None
    pupils: Fraction | None = None
    amount: float | None = None
    is_given: bool = False
    exact_cv: Fraction | None = None
    amounts: tuple[tuple[str, Fraction, Fraction], ...] = field(default=(), repr=False)

    def is_within(self, limit: Fraction) -> bool:
        """cv ≤ limit. Near the limit cv² = ΣP · Σ(X²/P) / (ΣX)² − 1 is compared as a fraction."""
        if self.exact_cv is not None:
            return self.exact_cv <= limit
        if abs(self.cv - float(limit)) > NEAR or not self.amounts:
            return self.cv <= limit
        pairs = [(amount, pupils) for _, amount, pupils in self.amounts]
        return exact_square_of_cv(pairs) <= limit**2


@dataclass(frozen=True)
class DispersionUnknown:
    """Why there is no dispersion: columns lacking, schools concerned, or pupils or a mean of zero."""

    indicator: str
    stage: str
    missing: tuple[str, ...] = ()
    schools: tuple[str, ...] = ()
    reason: str = "missing"  # "missing", "no_schools", "no_pupils", "negative", "zero_mean"


@dataclass(frozen=True)
class GivenDispersion:
    """County figures printed elsewhere: mean and sd, or the coefficient itself, as written."""

    mean: Fraction | None = None
    sd: Fraction | None = None
    cv: Fraction | None = None

    def dispersion(self, indicator: str, stage: str) -> IndicatorDispersion | DispersionUnknown:
        """The coefficient is sd ÷ mean when both are given, else the printed one."""
        if self.mean is not None and self.sd is not None:
            if self.mean == 0:
                return DispersionUnknown(indicator, stage, reason="zero_mean")
            exact = self.sd / self.mean
        elif self.cv is not None:
            exact = self.cv
        else:
            lacking = "sd" if self.mean is not None else "mean"
            return DispersionUnknown(indicator, stage, (f"{indicator}.{stage}.{lacking}",))
        return IndicatorDispersion(
            indicator,
            stage,
            cv=float(exact),
            mean=None if self.mean is None else float(self.mean),
            sd=None if self.sd is None else float(self.sd),
            is_given=True,
            exact_cv=exact,
        )


def dispersion_of(
    indicator: Indicator, stage: str, schools: Sequence[tuple[str, Fraction | None, Fraction | None]]
) -> IndicatorDispersion | DispersionUnknown:
    """The dispersion over schools given as (name, raw amount, pupils).

    One unknown amount or number of pupils, or a school without pupils, leaves it unknown and is named: a
    coefficient over the other schools would be another number.
    """
    if not schools:
        return DispersionUnknown(indicator.key, stage, reason="no_schools")
    no_amount = [name for name, amount, _ in schools if amount is None]
    no_pupils = [name for name, _, pupils in schools if pupils is None]
    if no_amount or no_pupils:
        columns = (*(indicator.amounts if no_amount else ()), *((indicator.per,) if no_pupils else ()))
        return DispersionUnknown(
            indicator.key, stage, tuple(dict.fromkeys(columns)), tuple(dict.fromkeys(no_amount + no_pupils))
        )
    known = tuple((name, amount, pupils) for name, amount, pupils in schools if amount is not None and pupils)
    empty = [name for name, _, pupils in schools if not pupils]
    if empty:
        return DispersionUnknown(indicator.key, stage, (indicator.per,), tuple(empty), reason="no_pupils")
    negative = [name for name, amount, _ in known if amount < 0]
    if negative:
        return DispersionUnknown(indicator.key, stage, indicator.amounts, tuple(negative), reason="negative")
    try:
        found = describe_dispersion([float(x) for _, x, _ in known], [float(p) for _, _, p in known])
    except NotComputable:  # the mean is zero: everything else was ruled out above
        return DispersionUnknown(indicator.key, stage, indicator.amounts, reason="zero_mean")
    times = float(indicator.times)
    return IndicatorDispersion(
        indicator.key,
        stage,
        cv=found.cv,
        mean=found.county_mean * times,
        sd=found.sd * times,
        schools=found.schools,
        pupils=sum((pupils for _, _, pupils in known), Fraction(0)),
        amount=found.amount,
        amounts=known,
    )


@dataclass(frozen=True)
class Composite:
    """Plain mean of the indicators' coefficients at one stage (综合差异系数)."""

    stage: str
    value: float
    exact: Fraction | None = None

    def is_within(self, limit: Fraction) -> bool:
        return (self.value if self.exact is None else self.exact) <= limit


def composite_of(dispersions: Sequence[IndicatorDispersion], stage: str) -> Composite:
    """The composite of dispersions that are all known; exact if all coefficients are printed figures."""
    exact = [dispersion.exact_cv for dispersion in dispersions if dispersion.exact_cv is not None]
    whole = sum(exact, Fraction(0)) / len(dispersions) if len(exact) == len(dispersions) else None
    return Composite(stage, composite_cv([dispersion.cv for dispersion in dispersions]), whole)


def exact_square_of_cv(pairs: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    """cv² as a fraction from (raw amount, pupils): ΣP · Σ(X²/P) / (ΣX)² − 1."""
    total = sum((amount for amount, _ in pairs), Fraction(0))
    pupils = sum((count for _, count in pairs), Fraction(0))
    return pupils * sum((amount**2 / count for amount, count in pairs), Fraction(0)) / total**2 - 1
