"""A line of the report: what was measured, what it should be, and whether it is."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import east_asian_width


@dataclass(frozen=True)
class Line:
    """`target` and `floor` are bounds of `value`: lower ones, or upper ones where `is_at_most`."""

    name: str
    value: float
    target: float | None = None
    floor: float | None = None
    unit: str = ""
    is_at_most: bool = False
    digits: int = 2

    @property
    def judgement(self) -> str:
        if self.target is None:
            return ""
        if self._holds(self.target):
            return "reached"
        return "above the floor" if self.floor is not None and self._holds(self.floor) else "NOT REACHED"

    def _holds(self, bound: float) -> bool:
        return self.value <= bound if self.is_at_most else self.value >= bound

    def cells(self) -> tuple[str, ...]:
        sign = "≤" if self.is_at_most else "≥"
        bounds = ["" if bound is None else f"{sign} {bound:g}" for bound in (self.target, self.floor)]
        return (self.name, f"{self.value:,.{self.digits}f} {self.unit}".strip(), *bounds, self.judgement)


def as_text(title: str, lines: list[Line]) -> str:
    """The lines as a table that reads well in a terminal and in a file."""
    rows = [(title, "measured", "aim", "floor", ""), *(line.cells() for line in lines)]
    widths = [max(_width(row[column]) for row in rows) for column in range(5)]
    text = []
    for number, row in enumerate(rows):
        cells = [_padded(cell, widths[column], left=column in (0, 4)) for column, cell in enumerate(row)]
        text.append("  ".join(cells).rstrip())
        if number == 0:
            text.append("-" * (sum(widths) + 8))
    return "\n".join(text)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int, *, left: bool) -> str:
    blank = " " * (width - _width(text))
    return text + blank if left else blank + text
