"""What is said about an uploaded table: where, what was found, and whether it stands in the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from analysis.findings import CHINESE, ENGLISH, LANGUAGES, Sentence, Texts

ERROR, DOUBT, NOTE = "error", "doubt", "note"
# In the order of the page: the weightiest slips first.
KINDS = ("entry", "twice", "unit", "total", "ratio", "before", "missing", "roster", "left_out", "split")
MOST_ALIKE = 12  # remarks of one kind on one column; more are said in one sentence
ROWS_NAMED = 8


@dataclass(frozen=True)
class Remark:
    """One remark; `kind` groups remarks on the page (see KINDS).

    weight: "error" (cannot be accepted), "doubt" (accepted with a tick), "note" (only said).
    """

    weight: str
    kind: str
    sentence: Sentence
    row: int = 0  # 0: the whole table
    column: str = ""  # its letter in the spreadsheet program
    heading: str = ""
    school: str = ""
    sheet: str = ""  # named where several sheets were read

    def text(self, language: str) -> str:
        return self.sentence.text(language)

    def place(self) -> Texts:
        """Where it is, in both languages; "" for the whole table."""
        if not self.row:
            return {CHINESE: "", ENGLISH: ""}
        zh = (f"“{self.sheet}”" if self.sheet else "") + f"第{self.row}行"
        en = (f"“{self.sheet}”, row " if self.sheet else "Row ") + str(self.row)
        column = {CHINESE: f"{self.column}列", ENGLISH: f", column {self.column}"} if self.column else {}
        return {CHINESE: zh + column.get(CHINESE, ""), ENGLISH: en + column.get(ENGLISH, "")}

    def kept(self) -> dict[str, str]:
        """As a table keeps it: the whole sentence with its place, in both languages."""
        place = self.place()
        about = {CHINESE: self.school and f"“{self.school}”", ENGLISH: self.school and f" {self.school}"}
        colon = {CHINESE: "：", ENGLISH: ": "}
        texts = {
            language: (f"{place[language]}{about[language]}{colon[language]}" if self.row else "")
            + self.text(language)
            for language in LANGUAGES
        }
        return texts | {"kind": self.kind, "weight": self.weight}


def gathered(remarks: Iterable[Remark]) -> list[Remark]:
    """Remarks in the page's order; many doubts of one kind on one column become one that counts them."""
    alike: dict[tuple[str, str, str, str], list[Remark]] = defaultdict(list)
    kept: list[Remark] = []
    for remark in remarks:
        if remark.weight == DOUBT and remark.row and remark.heading:
            alike[remark.kind, remark.heading, remark.sentence.zh, remark.sheet].append(remark)
        else:
            kept.append(remark)
    for same in alike.values():
        kept += same if len(same) <= MOST_ALIKE else [_one_for(same)]
    weights = (ERROR, DOUBT, NOTE)
    return sorted(
        kept, key=lambda one: (weights.index(one.weight), KINDS.index(one.kind), one.row, one.column)
    )


def _one_for(same: list[Remark]) -> Remark:
    rows = sorted({remark.row for remark in same})
    first = min(same, key=lambda remark: remark.row)
    more = {
        CHINESE: "、".join(map(str, rows[:ROWS_NAMED])) + ("等" if len(rows) > ROWS_NAMED else ""),
        ENGLISH: ", ".join(map(str, rows[:ROWS_NAMED])) + (" …" if len(rows) > ROWS_NAMED else ""),
    }
    sentence = Sentence(
        "{first}同一列共有{count}处相同情况（第{rows}行）。",
        "{first} The same stands in {count} places of this column (rows {rows}).",
        {
            "first": {language: first.text(language) for language in LANGUAGES},
            "count": len(rows),
            "rows": more,
        },
    )
    return replace(first, sentence=sentence)
