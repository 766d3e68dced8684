"""Do a form's questions measure one thing, and what goes with the overall judgement: per audience, from the
replies themselves.

Never shown as cause: one mood colours all answers. Kept in the cache under the digest of the wave's chain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from django.core.cache import cache

from analysis.answer_sheets import scale_steps
from analysis.other_rules import setting_of
from analysis.results import WaveResults
from scoring.item_rows import chain_digest
from scoring.numeric.drivers import MIN_R_SQUARED, MIN_ROWS_PER_PREDICTOR, driver_importance, driver_intervals
from scoring.numeric.errors import NotComputable
from scoring.numeric.reliability import cronbach_alpha, mcdonald_omega, rows_with_spread
from scoring.weighing import weigh
from surveys.queries import response_frame, tally_frame
from surveys.questionnaire_parts import Questionnaire

KEPT_SECONDS = 24 * 3600
OVERALL = "overall"
REPLICATES = 200


@dataclass(frozen=True)
class ItemRow:
    """item_rest: correlation with the sum of the others; part: of what explains the overall item (LMG, or
    Johnson beyond 12 items), with its interval; None where it is not shown."""

    item: str
    item_rest: float | None
    part: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class AudienceItems:
    """Reliability and drivers of one audience. refusal: "" or why there are no drivers: "few" replies,
    "explains_little", "not_computable"; needed: replies that the number of items asks for."""

    audience: str
    replies: int
    alpha: float | None
    lower: float | None
    upper: float | None
    alpha_with_spread: float | None
    omega: float | None
    rows: tuple[ItemRow, ...]
    r_squared: float | None
    r_squared_interval: tuple[float, float] | None
    refusal: str
    needed: int


def item_quality(results: WaveResults) -> list[AudienceItems]:
    """One entry per audience whose rate is shown and that was asked at least two scale items."""
    wave = results.wave
    key = f"item-quality-{wave.pk}-{chain_digest(wave)}-{results.rule.digest}"
    found = cache.get(key)
    if found is None:
        found = [
            one
            for row in wave.audiences.select_related("version").filter(version__isnull=False)
            if (one := _of_audience(results, row.audience, row.version.questionnaire)) is not None
        ]
        cache.set(key, found, KEPT_SECONDS)
    shown = {row.code for row in results.audiences if row.figure.is_shown}
    return [one for one in found if one.audience in shown and one.replies >= wave.minimum_group_size]


def _of_audience(results: WaveResults, audience: str, questionnaire: Questionnaire) -> AudienceItems | None:
    frame = response_frame(results.wave, audience)
    if frame.empty:
        return None
    frame = frame.loc[~frame["is_void"], ~frame.columns.duplicated()].reset_index(drop=True)
    scales = [item for item in questionnaire.items if item.type == "scale" and item.name in frame.columns]
    answers = [_points(frame[item.name], item) for item in scales]
    asked = [number for number, column in enumerate(answers) if not np.isnan(column).all()]
    if len(asked) < 2:
        return None
    names = [scales[number].name for number in asked]
    table = np.column_stack([answers[number] for number in asked])
    weights = _weights(results, frame, audience)
    try:
        alpha = cronbach_alpha(table, weights=weights)
    except NotComputable:
        return None
    outcome = _outcome(results, names)
    rest = dict(zip(names, alpha.corrected_item_total, strict=True))
    drivers = _drivers(table, names, outcome, weights, frame["school"].to_numpy(dtype=str))
    parts, r_squared, r_interval, refusal = drivers
    return AudienceItems(
        audience=audience, replies=alpha.n, alpha=alpha.alpha, lower=alpha.lower, upper=alpha.upper,
        alpha_with_spread=_alpha_with_spread(table, weights), omega=_omega(table, weights),
        rows=tuple(
            ItemRow(name, _number(rest[name]), *parts.get(name, (None, None, None))) for name in names
        ),
        r_squared=r_squared, r_squared_interval=r_interval, refusal=refusal,
        needed=MIN_ROWS_PER_PREDICTOR * (len(names) - 1),
    )  # fmt: skip


def _points(column: pd.Series, item) -> np.ndarray:
    """0–100, the best step 100; don't know, blank and not asked are NaN."""
    steps = scale_steps(column, item)
    most = sum(option.code not in ("dont_know", "9") for option in item.options)
    return np.where(steps <= most, 100 * (most - steps) / max(most - 1, 1), np.nan)


def _outcome(results: WaveResults, names: list[str]) -> str:
    own = results.rule.items[0]
    return own if results.rule.form == "item" and own in names else OVERALL


def _weights(results: WaveResults, frame: pd.DataFrame, audience: str) -> np.ndarray:
    """The result's own weight of every reply; 0 where it could not be placed."""
    weighted = weigh(tally_frame(results.wave), setting_of(results)["controls"]).cells
    known = {
        (school, location): weight
        for name, school, location, weight in zip(
            weighted.audience, weighted.school, weighted.location, weighted.weight, strict=True
        )
        if name == audience
    }
    places = zip(frame["school"], frame["location"].astype(str), strict=True)
    return np.array([float(known.get(place, 0.0)) for place in places])


def _alpha_with_spread(table: np.ndarray, weights: np.ndarray) -> float | None:
    varied = rows_with_spread(table)
    try:
        return cronbach_alpha(table[varied], weights=weights[varied]).alpha
    except NotComputable:
        return None


def _omega(table: np.ndarray, weights: np.ndarray) -> float | None:
    try:
        found = mcdonald_omega(table, weights=weights)
    except NotComputable:
        return None
    return None if found.improper else found.standardized


def _drivers(
    table: np.ndarray, names: list[str], outcome: str, weights: np.ndarray, schools: np.ndarray
) -> tuple[dict[str, tuple], float | None, tuple[float, float] | None, str]:
    if outcome not in names or len(names) < 3:
        return {}, None, None, "not_computable"
    at = names.index(outcome)
    others = [number for number in range(len(names)) if number != at]
    y, x = table[:, at], table[:, others]
    try:
        found = driver_importance(y, predictors=x, weights=weights)
        if found.n < MIN_ROWS_PER_PREDICTOR * len(others):
            return {}, None, None, "few"
        if found.r_squared < MIN_R_SQUARED:
            return {}, found.r_squared, None, "explains_little"
        at_schools = bool((schools != "").all())
        limits = driver_intervals(
            y, predictors=x, weights=weights, clusters=schools if at_schools else None,
            method="jackknife" if at_schools else "bootstrap", replicates=REPLICATES,
        )  # fmt: skip
    except NotComputable:
        return {}, None, None, "not_computable"
    shares = found.johnson if found.lmg is None else found.lmg
    lower = limits.johnson_lower if limits.lmg_lower is None else limits.lmg_lower
    upper = limits.johnson_upper if limits.lmg_upper is None else limits.lmg_upper
    parts = {
        names[number]: (float(shares[k]), max(0.0, float(lower[k])), float(upper[k]))
        for k, number in enumerate(others)
    }
    return parts, found.r_squared, limits.r_squared, ""


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
