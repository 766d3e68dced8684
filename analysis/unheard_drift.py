"""Early and late respondents of a closed wave: who comes late stands nearest to who never comes.

Two splits: in every group that shares a weight the first and the second half of its replies; and before and
after the first message to the schools while replies were coming in. Both parts are weighted to the same
people. The replies are read themselves, since counts know no order; the result is kept under the digest of
the wave's chain. Nothing is said of an open wave: a figure of the newest replies would move with every reply.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.core.cache import cache

from analysis.other_rules import setting_of
from analysis.results import WaveResults
from analysis.suppression import Figure as Name
from analysis.suppression import Total, hidden_figures
from scoring.item_rows import chain_digest, item_scores
from scoring.numeric.blocks import ItemSums
from scoring.numeric.drift import Drift, Drifts, Part, drifts, late_half
from scoring.numeric.recode import CellSums, PairSums, aggregate, pair_sums
from scoring.rules import ScoringRule
from scoring.runs import program_version
from scoring.weighing import Weighted, weigh
from surveys.models import Response, SchoolMessage, Source, Wave
from surveys.queries import TallyFrame, tally_frame
from surveys.tallies import READ_AT_ONCE, tables_by_collector

KEPT_SECONDS = 24 * 3600
COUNTY = ""
MANY_AT_ONCE = 0.25  # of the imported replies in the same ten minutes: then that is when they were imported


@dataclass(frozen=True)
class DriftRow:
    """One audience, or the county (""). drift None: not shown, and `reason` says why: "few" answers in a
    part, "close" (a handful lies between the two splits), "together" with such a one, "imported" or
    "one_moment" (no times), "none" (no answers in a part), "parts" (the county needs every audience)."""

    code: str
    drift: Drift | None
    reason: str = ""


@dataclass(frozen=True)
class Comparison:
    """One split of the replies. at: the message to the schools, None for halves."""

    at: datetime | None
    county: DriftRow
    audiences: tuple[DriftRow, ...]


@dataclass(frozen=True)
class EarlyAndLate:
    """reminder None: no message went to the schools between the first and the last reply."""

    halves: Comparison
    reminder: Comparison | None


@dataclass(frozen=True)
class _Replies:
    """One entry per counted reply: its cell (row of the frame), when it came (seconds) and in which place of
    the order, whether it was imported, its points (rows × items of the rule)."""

    cell: np.ndarray
    moment: np.ndarray
    arrival: np.ndarray
    is_imported: np.ndarray
    points: np.ndarray


@dataclass(frozen=True)
class _Found:
    """Before anything is hidden. no_times: audience → "imported" or "one_moment"; crossing: audience → how
    many valid answers are late but before the message, or early but after it."""

    halves: Drifts
    reminder: Drifts | None
    at: datetime | None
    no_times: Mapping[str, str]
    crossing: Mapping[str, int]


def early_and_late(results: WaveResults) -> EarlyAndLate | None:
    """Both splits with small groups hidden; None while the wave is open and where nobody answered."""
    if not results.wave.is_closed or not results.result["responses"]:
        return None
    setting = setting_of(results)
    parts = (
        results.wave.pk, chain_digest(results.wave), results.rule.digest, sorted(setting.items()),
        sorted(results.result["shares"].items()), _messages(results.wave), program_version(),
    )  # fmt: skip
    key = "early-and-late-" + hashlib.sha256(repr(parts).encode()).hexdigest()
    found = cache.get_or_set(key, lambda: _compare(results, setting), KEPT_SECONDS)
    halves = _hide(results, found.halves, found, at=None)
    if found.reminder is None:
        return EarlyAndLate(halves, None)
    return EarlyAndLate(halves, _hide(results, found.reminder, found, at=found.at))


def _compare(results: WaveResults, setting: Mapping) -> _Found:
    wave, rule = results.wave, results.rule
    frame = tally_frame(wave)
    replies = _read(wave, frame, rule)
    weighted = weigh(frame, setting["controls"])
    audience = frame.cells["audience"].to_numpy(dtype=str)[replies.cell]
    no_times = {
        str(name): reason
        for name in np.unique(audience)
        if (reason := _no_times(replies, np.flatnonzero(audience == name)))
    }
    stratum = np.full(len(frame.cells), -1)
    stratum[weighted.kept] = np.unique(weighted.cells.stratum.astype(str), return_inverse=True)[1]
    group = stratum[replies.cell]
    usable = (group >= 0) & ~np.isin(audience, list(no_times))
    late = np.zeros(len(usable), bool)
    late[usable] = late_half(replies.arrival[usable], group=group[usable])
    asked = {
        "audience_shares": results.result["shares"],
        "class_shares": results.result["class_shares"],
        "design": setting["design"],
        "smoothed": rule.is_share,
    }

    def split(second: np.ndarray) -> Drifts:
        early, after = (
            _part(frame, replies, usable & part, setting["controls"]) for part in (~second, second)
        )
        return drifts(early, after, **asked)

    halves, at = split(late), _first_message(wave, replies.moment[usable])
    if at is None:
        return _Found(halves, None, None, no_times, {})
    after = replies.moment >= at.timestamp()
    valid = usable & ~np.isnan(replies.points).all(axis=1)
    crossing = {
        str(name): int((valid & (audience == name) & (late != after)).sum()) for name in np.unique(audience)
    }
    return _Found(halves, split(after), at, no_times, crossing)


def _read(wave: Wave, frame: TallyFrame, rule: ScoringRule) -> _Replies:
    keys = zip(frame.cells["collector"], frame.cells["stratum"], strict=True)
    cell_of = {key: number for number, key in enumerate(keys)}
    tables = tables_by_collector(wave)
    columns: tuple[list, ...] = ([], [], [], [], [])
    rows = Response.objects.filter(collector__wave=wave, void__isnull=True).order_by()
    names = ("pk", "collector_id", "stratum", "received_at", "source", "choices")
    waiting: dict[int, tuple] = {}

    def take(table, pks, cells, moments, imported, stored) -> None:
        points = item_scores(table.matrix(stored), table, rule=rule)
        for column, values in zip(columns, (pks, cells, moments, imported, points), strict=True):
            column.append(np.array(values))

    for pk, collector, stratum, received_at, source, choices in rows.values_list(*names).iterator(
        chunk_size=READ_AT_ONCE
    ):
        cell = cell_of.get((collector, stratum))
        if cell is None:
            continue
        held = waiting.setdefault(id(tables[collector]), (tables[collector], [], [], [], [], []))
        row = (pk, cell, received_at.timestamp(), source == Source.IMPORTED, bytes(choices))
        for values, value in zip(held[1:], row, strict=True):
            values.append(value)
        if len(held[1]) >= READ_AT_ONCE:
            take(*waiting.pop(id(tables[collector])))
    for held in waiting.values():
        take(*held)
    if not columns[0]:
        return _Replies(
            *(np.zeros(0, kind) for kind in (int, float, int, bool)), np.zeros((0, len(rule.items)))
        )
    pk, cell, moment, is_imported, points = (np.concatenate(column) for column in columns)
    arrival = np.empty(len(pk), int)
    arrival[np.lexsort((pk, moment))] = np.arange(len(pk))
    return _Replies(cell, moment, arrival, is_imported, points)


def _no_times(replies: _Replies, mine: np.ndarray) -> str:
    """Why an audience's replies have no order: imported without times, or all of the same ten minutes.

    Imported rows without a time all carry that of their import, so many of them carry the same.
    """
    moments, is_imported = replies.moment[mine], replies.is_imported[mine]
    imported = np.unique(moments[is_imported], return_counts=True)[1]
    if imported.sum() > 1 and imported.max() >= MANY_AT_ONCE * imported.sum():
        return "imported"
    return "one_moment" if len(np.unique(moments)) == 1 else ""


def _part(frame: TallyFrame, replies: _Replies, mask: np.ndarray, controls) -> Part:
    """One part's cells, weighted to everybody's people, with the sums of its answers."""
    n_cells, cell, points = len(frame.cells), replies.cell[mask], replies.points[mask]
    counted = frame.cells.assign(responses=np.bincount(cell, minlength=n_cells))
    weighted: Weighted = weigh(TallyFrame(counted, {}, {}), controls)
    kept = weighted.kept
    items = tuple(
        CellSums(one.R[kept], one.S1[kept], one.S2[kept])
        for one in (aggregate(column, cell=cell, n_cells=n_cells) for column in points.T)
    )
    if len(items) == 1:
        return weighted.cells, items[0]
    pairs = pair_sums(points, cell=cell, n_cells=n_cells)
    return weighted.cells, ItemSums(items, PairSums(pairs.n[kept], pairs.first[kept], pairs.products[kept]))


def _messages(wave: Wave) -> list[datetime]:
    return list(SchoolMessage.objects.filter(wave=wave).order_by("at").values_list("at", flat=True))


def _first_message(wave: Wave, moments: np.ndarray) -> datetime | None:
    """The first message to the schools about this wave that has replies before and after it."""
    if not len(moments):
        return None
    first, last = moments.min(), moments.max()
    return next((at for at in _messages(wave) if first < at.timestamp() <= last), None)


def _hide(results: WaveResults, found: Drifts, raw: _Found, *, at: datetime | None) -> Comparison:
    """Both parts of an audience are shown or neither. What its own figure hides, or what lies so close to the
    other split that a handful of replies makes the difference, is hidden; and what would give it away."""
    minimum = results.wave.minimum_group_size
    totals = [
        Total((part, COUNTY), tuple((part, code) for code in found.audiences)) for part in ("early", "late")
    ]
    printed = {row.code for row in results.audiences if row.figure.is_shown}
    printed |= {COUNTY} if results.figure.is_shown else set()
    drifts_by_code = dict(found.audiences) | ({COUNTY: found.whole} if found.whole else {})
    close = {code for code, n in raw.crossing.items() if at and 0 < n < minimum}
    sizes: dict[Name, int] = {}
    for code, drift in drifts_by_code.items():
        is_safe = code in printed and code not in close
        sizes["early", code] = drift.n_early if is_safe else 1
        sizes["late", code] = drift.n_late if is_safe else 1
        # The whole is printed elsewhere: with one part the other is known.
        totals.append(Total(("early", code), (("late", code),)))
    hidden = hidden_figures(sizes, totals=totals, minimum=minimum)

    def row(code: str) -> DriftRow:
        drift = drifts_by_code.get(code)
        if drift is None:
            return DriftRow(code, None, raw.no_times.get(code, "none") if code else "parts")
        reasons = {hidden[part, code] for part in ("early", "late") if (part, code) in hidden}
        if not reasons:
            return DriftRow(code, drift)
        return DriftRow(code, None, "close" if code in close else "few" if "few" in reasons else "together")

    asked = [one.code for one in results.audiences if one.share > 0]
    return Comparison(at, row(COUNTY), tuple(row(code) for code in asked))
