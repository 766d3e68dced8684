"""Tables that stand in the plan itself, and names of tables, checked before they are read."""

from collections.abc import Mapping

from scoring.plans.errors import PlanError

_SHOWN = 40
_LONGEST_NAME = 250


def check_inputs(inputs: Mapping) -> None:
    """Refuses, naming the place, an inline table that is none and a file that is not named by a text."""
    for role, entry in inputs.items():
        if role == "file":
            _check_file_name(entry, "inputs.file")
        elif isinstance(entry, Mapping) and "file" in entry and role != "inline":
            _check_file_name(entry["file"], f"inputs.{role}.file")
    inline = inputs.get("inline")
    if isinstance(inline, Mapping) and ("columns" in inline or "rows" in inline):
        _check_inline_table(inline)


def _check_file_name(name: object, where: str) -> None:
    if name is None:
        return
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or "\x00" in name:
        raise PlanError(f"{where} is {_short(name)}; it must be the name of a file")


def _check_inline_table(inline: Mapping) -> None:
    columns, rows = inline.get("columns"), inline.get("rows")
    if not isinstance(columns, list) or not columns or not all(isinstance(name, str) for name in columns):
        raise PlanError(f"inputs.inline.columns is {_short(columns)}; it must be a list of column names")
    for name in columns:
        if columns.count(name) > 1:
            raise PlanError(f"inputs.inline.columns names '{name}' twice")
    if not isinstance(rows, list) or not rows:
        raise PlanError(f"inputs.inline.rows is {_short(rows)}; it must be a list of rows")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, list) or len(row) != len(columns):
            raise PlanError(
                f"inputs.inline.rows: row {number} is {_short(row)}; it must be a list of {len(columns)} "
                "values, one for each column"
            )
        for name, value in zip(columns, row, strict=True):
            if isinstance(value, list | Mapping) or value in (float("inf"), float("-inf")):
                raise PlanError(
                    f"inputs.inline.rows: row {number} has {_short(value)} in column '{name}'; a value is a "
                    "number, a text, true, false or null"
                )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) < _SHOWN else text[: _SHOWN - 1] + "…"
