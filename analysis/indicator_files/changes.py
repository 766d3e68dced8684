"""What a new table changes against the one that counts now: schools new and gone, cells changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.columns import plain
from analysis.county_items import ItemLine
from analysis.school_table import Record

NOT_COMPARED = ("school", "code", "stage")


@dataclass(frozen=True)
class CellChange:
    """One entry: of a school (and stage) its column; of the county's file `who` is "" and `what` an item."""

    who: str
    stage: str
    what: str
    old: str
    new: str


@dataclass(frozen=True)
class TableChanges:
    added: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[CellChange, ...] = ()
    unchanged: int = 0
    is_first: bool = False
    digest: str = field(default="", compare=False)

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.gone or self.changed or self.is_first)

    def kept(self) -> dict[str, Any]:
        """As a table keeps it."""
        return {
            "added": list(self.added),
            "gone": list(self.gone),
            "changed": [[one.who, one.stage, one.what, one.old, one.new] for one in self.changed],
            "unchanged": self.unchanged,
            "is_first": self.is_first,
        }


def school_changes(old: Sequence[Record] | None, new: Sequence[Record]) -> TableChanges:
    """old: the records that count now, None if there are none."""
    before, after = _by_school(old or ()), _by_school(new)
    changed, unchanged = [], 0
    for key in after.keys() & before.keys():
        cells, was = after[key].cells, before[key].cells
        found = [
            CellChange(
                cells.get("school", ""),
                cells.get("stage", ""),
                column,
                was.get(column, ""),
                cells.get(column, ""),
            )
            for column in {**was, **cells}
            if column not in NOT_COMPARED and was.get(column, "") != cells.get(column, "")
        ]
        changed += found
        unchanged += not found
    return _changes(
        added=[_name(after[key]) for key in after if key not in before] if old is not None else [],
        gone=[_name(before[key]) for key in before if key not in after],
        changed=sorted(changed, key=lambda one: (one.who, one.stage, one.what)),
        unchanged=unchanged,
        is_first=old is None,
        new=[dict(record.cells) for record in new],
    )


def item_changes(old: Sequence[ItemLine] | None, new: Sequence[ItemLine]) -> TableChanges:
    """The same for the county's items; an item without a value is as good as absent."""
    before, after = _by_item(old or ()), _by_item(new)
    changed = [
        CellChange("", "", item, before[item].value, after[item].value)
        for item in after
        if item in before and plain(before[item].value) != plain(after[item].value)
    ]
    return _changes(
        added=[item for item in after if item not in before] if old is not None else [],
        gone=[item for item in before if item not in after],
        changed=changed,
        unchanged=len(after.keys() & before.keys()) - len(changed),
        is_first=old is None,
        new=[[line.item, line.value, line.evidence] for line in new],
    )


def _changes(
    *, new: Any, added: list[str], gone: list[str], changed: list[CellChange], **known: Any
) -> TableChanges:
    """With the digest of what the preview showed, so that nobody accepts what they did not see."""
    shown = [new, added, gone, [[one.who, one.stage, one.what, one.old, one.new] for one in changed]]
    digest = hashlib.sha256(json.dumps(shown, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    return TableChanges(tuple(added), tuple(gone), tuple(changed), digest=digest, **known)


def _by_school(records: Sequence[Record]) -> Mapping[tuple[str, str], Record]:
    return {(plain(one.cells.get("school", "")), one.cells.get("stage", "")): one for one in records}


def _by_item(lines: Sequence[ItemLine]) -> Mapping[str, ItemLine]:
    return {line.item: line for line in lines if line.value}


def _name(record: Record) -> str:
    name, stage = record.cells.get("school", ""), record.cells.get("stage", "")
    return f"{name}（{stage}）" if stage else name
