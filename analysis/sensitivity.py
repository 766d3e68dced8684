"""The same wave under every shipped rule and over parts of its replies, on one screen.

Columns are sets of replies: all; without those marked by the quality checks; by the way they came in.
Channels are rows of the counts; marked and imported replies are counted again from the replies and taken
off. A column whose replies, or whose rest, are fewer than the smallest group is not shown: the rest is what
one gets by subtraction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.other_rules import answers_counted, figure_of, setting_of
from analysis.results import Figure, WaveResults
from scoring.estimates import estimate_wave
from scoring.item_rows import item_pairs_of
from scoring.numeric.recode import PairSums
from scoring.rules import ScoringRule, shipped_rules
from scoring.runs import frame_to_show
from surveys.models import Response, Source, Wave
from surveys.queries import TallyFrame
from surveys.tallies import by_cell, count_responses, tables_by_collector

ALL, UNMARKED = "all", "unmarked"
AT_ONCE = 500  # ids in one question to the database


@dataclass(frozen=True)
class Part:
    """One set of replies: "all", "unmarked", a channel, or a source; `left_out` replies are not in it."""

    key: str
    frame: TallyFrame
    replies: int
    left_out: int


@dataclass(frozen=True)
class Cell:
    """One rule over one set. figure None: not computable, or not shown to protect a small group."""

    figure: Figure | None
    verdict: str | None
    is_upper_bound: bool


@dataclass(frozen=True)
class RuleRow:
    rule: ScoringRule
    cells: tuple[Cell, ...]
    is_chosen: bool


@dataclass(frozen=True)
class Sensitivity:
    """Rows in the order of the shipped rules, the wave's own first; cells in the order of `parts`."""

    parts: tuple[Part, ...]
    rows: tuple[RuleRow, ...]
    hidden_parts: tuple[str, ...]

    def verdicts(self, part: str = ALL) -> set[str]:
        """The different verdicts that the rules give over one set of replies."""
        at = [one.key for one in self.parts].index(part)
        return {row.cells[at].verdict for row in self.rows if row.cells[at].verdict}


def sensitivity(results: WaveResults, *, marked: Sequence[int] = ()) -> Sensitivity:
    """Every rule over every set of replies. marked: ids of replies that the quality checks point to.

    Verdicts only where the wave is frozen. While an audience is hidden, of several rules that differ only
    in how they mix the audiences the first is shown: from two of them it could be worked out.
    """
    wave, minimum = results.wave, results.wave.minimum_group_size
    if not results.figure.is_shown:
        return Sensitivity((), (), ())
    parts, hidden = _parts(wave, marked, minimum)
    setting = setting_of(results)
    own = results.rule
    rules = [own, *(rule for rule in shipped_rules().values() if rule.key != own.key)]
    pairs = {rule.key: item_pairs_of(wave, parts[0].frame, rule=rule) for rule in rules}
    columns = [
        _column(part, rules, results, setting, pairs if part.key == ALL else {}, minimum) for part in parts
    ]
    rows = [
        RuleRow(rule, tuple(column[number] for column in columns), is_chosen=rule is own)
        for number, rule in enumerate(rules)
    ]
    return Sensitivity(
        tuple(parts), tuple(row for row in rows if any(cell.figure for cell in row.cells)), tuple(hidden)
    )


def marked_and_not(results: WaveResults, marked: Sequence[int]) -> tuple[Cell, ...]:
    """The wave's own rule over all replies, and without the marked ones where that may be shown."""
    if not results.figure.is_shown:
        return ()
    first = Cell(results.figure, results.verdict, False)
    wave = results.wave
    if not marked:
        return (first,)
    frame = frame_to_show(wave)
    part = _part(UNMARKED, without(frame, wave, marked), int(frame.cells["responses"].sum()))
    if not _is_large(part, wave.minimum_group_size):
        return (first,)
    column = _column(part, [results.rule], results, setting_of(results), {}, wave.minimum_group_size)
    return (first, *column)


def without(frame: TallyFrame, wave: Wave, ids: Sequence[int]) -> TallyFrame:
    """The counts as they would be without these replies; nothing is stored or voided."""
    stored = []
    for start in range(0, len(ids), AT_ONCE):
        rows = Response.objects.filter(
            pk__in=ids[start : start + AT_ONCE], collector__wave=wave, void__isnull=True
        )
        stored += rows.values_list("collector_id", "stratum", "choices")
    return _minus(frame, wave, stored)


def _minus(frame: TallyFrame, wave: Wave, stored: Sequence[tuple]) -> TallyFrame:
    tables = tables_by_collector(wave)
    keys = zip(frame.cells["collector"], frame.cells["stratum"], strict=True)
    position = {key: number for number, key in enumerate(keys)}
    responses = frame.cells["responses"].to_numpy().copy()
    counts = {item: table.copy() for item, table in frame.counts.items()}
    for key, choices in by_cell(stored).items():
        if key not in position:
            continue
        at, table = position[key], tables[key[0]]
        found = count_responses(table, choices)
        responses[at] = max(0, responses[at] - found.responses)
        for column, offset in zip(table.columns, table.offsets, strict=True):
            into = [frame.codes[column.name].index(code) for code in column.codes]
            counts[column.name][at, into] -= found.counts[offset : offset + len(column.codes)]
    # A reply may have come between two readings of an open wave; a count never falls below nothing.
    counts = {item: np.maximum(table, 0) for item, table in counts.items()}
    return TallyFrame(frame.cells.assign(responses=responses), counts, frame.codes)


def _parts(wave: Wave, marked: Sequence[int], minimum: int) -> tuple[list[Part], list[str]]:
    frame = frame_to_show(wave)
    total = int(frame.cells["responses"].sum())
    found = [Part(ALL, frame, total, 0)]
    if marked:
        found.append(_part(UNMARKED, without(frame, wave, marked), total))
    channels = frame.cells["channel"].to_numpy(dtype=str)
    used = [
        name for name in np.unique(channels) if frame.cells["responses"].to_numpy()[channels == name].any()
    ]
    if len(used) > 1:
        found += [_part(str(name), _only(frame, channels == name), total) for name in used]
    imported = Response.objects.filter(collector__wave=wave, void__isnull=True, source=Source.IMPORTED)
    count = imported.count()
    if 0 < count < total:
        stored = list(imported.values_list("collector_id", "stratum", "choices"))
        rest = _minus(frame, wave, stored)
        found.append(_part("not_imported", rest, total))
        found.append(_part("imported", _difference(frame, rest), total))
    shown = [part for part in found if part.key == ALL or _is_large(part, minimum)]
    return shown, [part.key for part in found if part not in shown]


def _part(key: str, frame: TallyFrame, total: int) -> Part:
    replies = int(frame.cells["responses"].sum())
    return Part(key, frame, replies, total - replies)


def _is_large(part: Part, minimum: int) -> bool:
    return part.replies >= minimum and part.left_out >= minimum


def _only(frame: TallyFrame, mask: np.ndarray) -> TallyFrame:
    """The frame without the other cells' replies; the cells stay, so that their people are represented."""
    return TallyFrame(
        frame.cells.assign(responses=np.where(mask, frame.cells["responses"], 0)),
        {item: np.where(mask[:, None], table, 0) for item, table in frame.counts.items()},
        frame.codes,
    )


def _difference(frame: TallyFrame, rest: TallyFrame) -> TallyFrame:
    return TallyFrame(
        frame.cells.assign(
            responses=frame.cells["responses"].to_numpy() - rest.cells["responses"].to_numpy()
        ),
        {item: table - rest.counts[item] for item, table in frame.counts.items()},
        frame.codes,
    )


def _column(
    part: Part, rules: Sequence[ScoringRule], results: WaveResults, setting: Mapping,
    pairs: Mapping[str, PairSums | None], minimum: int,
) -> list[Cell]:  # fmt: skip
    cells, mixed = [], set()
    for rule in rules:
        if part.key == ALL and rule is results.rule:
            cells.append(Cell(results.figure, results.verdict, False))
            mixed.add(answers_counted(rule))
            continue
        found = estimate_wave(
            part.frame,
            rule=rule,
            with_verdict=results.run is not None,
            pairs=pairs.get(rule.key),
            headline_only=True,
            **setting,
        )
        small = any(0 < row["valid"] < minimum for row in found["audiences"] if row["share"])
        whole = results.result["regrouped"] and not small
        if (
            found["estimate"] is None
            or found["valid"] < minimum
            or (not whole and answers_counted(rule) in mixed)
        ):
            cells.append(
                Cell(None, (found["verdict"] or {}).get("verdict") if not found["estimate"] else None, False)
            )
            continue
        mixed.add(answers_counted(rule))
        bound = any(warning["code"] == "se_upper_bound" for warning in found["warnings"])
        cells.append(Cell(figure_of(found), (found["verdict"] or {}).get("verdict"), bound))
    return cells
