"""What if: a frozen evaluation's figures with changes, evaluated again and stored nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from analysis.columns import STAGES, plain
from analysis.county_items import RECOGNITION, ItemLine
from analysis.evaluation import EvaluationInputs, recognition_of
from analysis.evaluation_figures import evaluate_figures
from analysis.evaluation_plans import typed_recognition
from analysis.evaluation_reading import school_key
from analysis.indicators import item_lines_of, records_of
from analysis.rule_kinds.rooms_and_classes import ClassSize, ForEvery
from analysis.school_table import Record
from analysis.standard_parts import Standard

MOST_CHANGES = 60
LONGEST_VALUE = 40


@dataclass(frozen=True)
class Change:
    """One figure tried out. place: "s.3.pupils" (row 3 of the school table), "i.<item>" or "recognition"."""

    place: str
    before: str
    after: str

    @property
    def row(self) -> int | None:
        return int(self.place.split(".")[1]) if self.place.startswith("s.") else None

    @property
    def key(self) -> str:
        return self.place.split(".", 2)[-1] if self.place.startswith("s.") else self.place.partition(".")[2]


@dataclass(frozen=True)
class Figures:
    """The raw figures of an evaluation, row by row as they were imported."""

    standard: Standard
    records: Sequence[Record]
    items: Sequence[ItemLine]

    @property
    def item_values(self) -> dict[str, str]:
        """Item of the standard → the value as written; "" where the county has not answered."""
        found = dict.fromkeys(self.standard.items, "")
        for line in self.items:
            key = item_key(line, self.standard)
            if key in found:
                found[key] = line.value
        return found

    def columns_of(self, row: int) -> list[str]:
        """The columns of amounts that a row may be changed in: those it has, and those the standard needs."""
        cells = self.records[row].cells
        own = [column for column in cells if _base(column, self.standard) in self.standard.columns]
        needed = needed_columns(self.standard)
        order = list(self.standard.columns)
        found = dict.fromkeys([*own, *(column for column in needed if not _has(own, column))])
        return sorted(found, key=lambda column: order.index(_base(column, self.standard)))


def figures_of(inputs: EvaluationInputs) -> Figures:
    return Figures(
        inputs.standard,
        records_of(inputs.school_table) if inputs.school_table else (),
        item_lines_of(inputs.county_table) if inputs.county_table else (),
    )


def changes_in(given: Iterable[tuple[str, str]], figures: Figures) -> list[Change]:
    """The places and values that differ from what was imported; what is no place is left aside."""
    items = figures.item_values
    found: dict[str, Change] = {}
    for place, text in given:
        text = " ".join(text.replace("\x00", "").split())[:LONGEST_VALUE]
        kind, _, rest = place.partition(".")
        if kind == "s":
            row, _, column = rest.partition(".")
            if not (row.isascii() and row.isdecimal() and int(row) < len(figures.records)):
                continue
            if column not in figures.columns_of(int(row)):
                continue
            before = figures.records[int(row)].cells.get(column, "")
            place = f"s.{int(row)}.{column}"
        elif kind == "i" and rest in items:
            before = items[rest]
        elif place == RECOGNITION and text:
            before = ""
        else:
            continue
        found.pop(place, None)
        if plain(text) != plain(before):
            found[place] = Change(place, before, text)
    return list(found.values())[:MOST_CHANGES]


def evaluate_changed(inputs: EvaluationInputs, figures: Figures, changes: Sequence[Change]) -> dict[str, Any]:
    """The result with the changes; nothing is stored. EvaluationFileError says what cannot be used.

    Only the schools that were changed stand in it with their findings; the others with their verdict.
    """
    touched = touched_schools(figures, changes)
    records = list(figures.records)
    items = list(figures.items)
    recognition = recognition_of(inputs)
    for change in changes:
        if change.row is not None:
            record = records[change.row]
            records[change.row] = replace(record, cells={**record.cells, change.key: change.after})
        elif change.place == RECOGNITION:
            recognition = typed_recognition(change.after)
        else:
            items = _with_item(items, change, figures.standard)
    return evaluate_figures(
        inputs.standard,
        records=records,
        items=items,
        recognition=recognition,
        settings=inputs.settings,
        prices=inputs.prices,
        seed=inputs.seed,
        names=(
            inputs.school_table.file_name if inputs.school_table else "",
            inputs.county_table.file_name if inputs.county_table else "",
        ),
        schools_in_full=lambda school: school_key(school) in touched,
    ).result


def touched_schools(figures: Figures, changes: Iterable[Change]) -> set[str]:
    """The schools in whose rows something was changed, as `school_key` calls them."""
    cells = [figures.records[one.row].cells for one in changes if one.row is not None]
    return {one.get("code", "").strip() or " ".join(one.get("school", "").split()) for one in cells}


def needed_columns(standard: Standard) -> list[str]:
    """The columns that the standard's indicators, rooms and class sizes are computed from."""
    found: dict[str, None] = {}
    for indicator in standard.indicators.values():
        found |= dict.fromkeys(indicator.columns)
    for criterion in standard.criteria:
        if isinstance(criterion.rule, ForEvery):
            found[criterion.rule.column] = None
        elif isinstance(criterion.rule, ClassSize):
            found |= dict.fromkeys(("classes", "largest_class"))
    return list(found)


def item_key(line: ItemLine, standard: Standard) -> str:
    """The standard's key of an item that a line may call by its name; "" for one it does not ask for."""
    called = plain(line.item)
    for key, item in standard.items.items():
        if called in (plain(key), *(plain(name) for name in item.name.values())):
            return key
    return ""


def _with_item(items: list[ItemLine], change: Change, standard: Standard) -> list[ItemLine]:
    kept: list[ItemLine] = []
    is_there = False
    for line in items:
        if item_key(line, standard) == change.key:
            line, is_there = replace(line, value=change.after), True
        kept.append(line)
    if not is_there:
        last: Mapping[int, ItemLine] = {line.line: line for line in items}
        kept.append(ItemLine(max(last, default=1) + 1, change.key, change.after))
    return kept


def _base(column: str, standard: Standard) -> str:
    """`pupils_junior` is a stage of `pupils`."""
    head, _, stage = column.rpartition("_")
    return head if stage in STAGES and head in standard.columns else column


def _has(own: Iterable[str], column: str) -> bool:
    return any(one == column or one.removeprefix(f"{column}_") in STAGES for one in own)
