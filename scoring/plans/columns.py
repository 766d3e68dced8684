"""Variables and groups that a plan names, as arrays."""

import numpy as np
import pandas as pd

from scoring.numeric.expression import as_word, evaluate
from scoring.numeric.formula import category_levels
from scoring.plans.answer_table import AnswerTable
from scoring.plans.errors import PlanError


def variables(table: AnswerTable, named) -> tuple[np.ndarray, list[str]]:
    """(n, k) values and names of one or several variables: numeric columns, 0/1 columns per category,
    expressions."""
    columns, names = [], []
    for name in named if isinstance(named, list) else [named]:
        if name in table.frame.columns:
            series = table.frame[name]
            if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
                columns.append(series.to_numpy(float, na_value=np.nan)[:, None])
                names.append(name)
            else:
                code, levels = _levels(table, name)
                columns.append(np.where(code[:, None] < 0, np.nan, code[:, None] == np.arange(len(levels))))
                names += [f"{name}{as_word(level)}" for level in levels]
        else:
            values, _ = evaluate(name, table.frame)
            columns.append(np.asarray(values, float)[:, None])
            names.append(name)
    return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=1), names


def indicator(table: AnswerTable, text: str) -> np.ndarray:
    """(n,) 1 and 0, nan where the comparison is missing."""
    values, _ = evaluate(text, table.frame)
    if values.dtype == object:
        raise PlanError(
            f"parameters.indicator is '{text}', a text; write a comparison such as {text} == \"Yes\""
        )
    return values


def domain_of_rows(said: object) -> str | None:
    """The expression in parameters.rows, "domain race == 4"; None for a remark on missing answers."""
    text = str(said or "")
    if text.startswith("domain "):
        return text.removeprefix("domain ")
    if any(mark in text for mark in ("==", "!=", "<", ">", "%in%")):
        raise PlanError(f"parameters.rows is '{text}'; write 'domain ' before an expression, or use domain")
    return None


def grouped(
    table: AnswerTable, by: str | list[str], domain: np.ndarray | None = None
) -> tuple[np.ndarray, list[str]]:
    """(n,) number of every row's group, -1 outside the domain or where a grouping column is missing, and the
    groups' names.

    The first column varies fastest; only groups that have rows are numbered.
    """
    grouping = [_levels(table, name) for name in (by if isinstance(by, list) else [by])]
    code = np.zeros(len(table), int)
    missing = np.zeros(len(table), bool) if domain is None else ~domain
    for part, known in reversed(grouping):
        missing |= part < 0
        code = code * len(known) + part
    code = np.where(missing, -1, code)
    used = np.unique(code[code >= 0])
    names = []
    for c in used:
        parts = []
        for _, known in grouping:
            c, place = divmod(int(c), len(known))
            parts.append(as_word(known[place]))
        names.append("|".join(parts))
    return np.where(code >= 0, np.searchsorted(used, code), -1), names


def _levels(table: AnswerTable, name: str) -> tuple[np.ndarray, list]:
    """(n,) number of every row's level, -1 where it is missing, and the levels in their order."""
    codes, values = table.values(name, "parameters.by")
    levels = category_levels(pd.Series(values, dtype=object))
    place = {value: number for number, value in enumerate(levels)}
    ordered = np.array([place[value] for value in values] + [-1])
    return ordered[codes], levels
