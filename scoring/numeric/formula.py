"""Model formulas: `~ stype + api99`, `y ~ factor(race) + sex`, `I(score == "Yes") ~ x * z`.

Treatment contrasts, first level in sorted order as the base, intercept unless `- 1` or `0 +`. Columns are
named as R `model.matrix` names them: `(Intercept)`, `api99`, `stypeH`, `factor(race)2`, `stypeH:api99`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from scoring.numeric.errors import NumericInputError
from scoring.numeric.expression import as_word, evaluate


@dataclass(frozen=True)
class ModelMatrix:
    """x (n, p) with nan where a variable is missing, the names of its columns, and the response (n,) or
    None."""

    x: np.ndarray
    names: tuple[str, ...]
    response: np.ndarray | None
    response_name: str | None


def category_levels(values: pd.Series) -> list:
    """Distinct values without missing ones: numbers by size, words in dictionary order (as R sorts
    factors)."""
    found = [v for v in pd.unique(values) if not pd.isna(v)]

    def key(value: Any) -> tuple:
        return (1, value.casefold(), value.swapcase()) if isinstance(value, str) else (0, value, "")

    return sorted(found, key=key)


def indicator_columns(values: pd.Series) -> tuple[np.ndarray, list[str]]:
    """(n, levels) 0/1 columns of a categorical variable, nan in rows where it is missing, and the levels'
    names."""
    levels = category_levels(values)
    x = np.stack([(values == level).to_numpy(float) for level in levels], axis=1)
    x[values.isna().to_numpy()] = np.nan
    return x, [as_word(level) for level in levels]


def one_sided_variables(formula: str) -> list[str]:
    """The column names of a formula such as `~sch_wide + stype`, in order."""
    _, right = _sides(formula)
    return [term.strip("`") for term in _split(right, "+")]


def model_matrix(formula: str, frame: pd.DataFrame) -> ModelMatrix:
    """Design matrix (and response, if the formula has a left side) of every row; rows are never dropped
    here."""
    left, right = _sides(formula)
    intercept, terms = _terms(right)
    columns: list[np.ndarray] = [np.ones(len(frame))] if intercept else []
    names = ["(Intercept)"] if intercept else []
    coded: dict[str, tuple[np.ndarray, list[str], bool]] = {}
    full = intercept
    for place, term in enumerate(terms):
        parts = []
        for factor in term:
            if factor not in coded:
                coded[factor] = _coded(factor, frame)
            x, labels, categorical = coded[factor]
            # As in R a category keeps all its levels where no earlier term holds the rest of its own, and
            # where it is the first and stands in for the intercept.
            rest = set(term) - {factor}
            alone = bool(rest) and not any(rest <= set(earlier) for earlier in terms[:place])
            keep_all = categorical and (alone or not full)
            full = full or categorical
            parts.append((x, labels) if keep_all or not categorical else (x[:, 1:], labels[1:]))
        # R varies the first factor fastest.
        for choice in product(*(range(len(labels)) for _, labels in reversed(parts))):
            picked = list(reversed(choice))
            columns.append(np.prod([x[:, i] for (x, _), i in zip(parts, picked, strict=True)], axis=0))
            names.append(":".join(labels[i] for (_, labels), i in zip(parts, picked, strict=True)))
    if not columns:
        raise NumericInputError(f"the formula '{formula}' has no terms")
    response = None if left is None else _response(left, frame)
    return ModelMatrix(np.stack(columns, axis=1), tuple(names), response, left)


def complete_model(formula: str, frame: pd.DataFrame, *, domain: np.ndarray | None = None) -> ModelMatrix:
    """The model of the rows of the domain that have all its variables; the others are nan throughout.

    Categories have the levels that occur in these rows (as in R, which drops rows before it codes).
    """
    whole = model_matrix(formula, frame)
    used = ~np.isnan(whole.x).any(axis=1)
    if whole.response is not None:
        used &= ~np.isnan(whole.response)
    if domain is not None:
        used &= np.asarray(domain, bool)
    if used.all() or not used.any():
        part, x = whole, np.where(used[:, None], whole.x, np.nan)
    else:
        part = model_matrix(formula, frame[used])
        x = np.full((len(frame), len(part.names)), np.nan)
        x[used] = part.x
    response = None if whole.response is None else np.where(used, whole.response, np.nan)
    return ModelMatrix(x, part.names, response, whole.response_name)


def _sides(formula: str) -> tuple[str | None, str]:
    if formula.count("~") != 1:
        raise NumericInputError(f"'{formula}' is not a formula; write 'response ~ a + b' or '~ a + b'")
    left, right = (part.strip() for part in formula.split("~"))
    if not right:
        raise NumericInputError(f"the formula '{formula}' has nothing on its right side")
    return left or None, right


def _split(text: str, mark: str) -> list[str]:
    """Split at a mark outside of parentheses and quotes."""
    parts, depth, quote, start = [], 0, "", 0
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'`":
            quote = c
        elif c in "()":
            depth += 1 if c == "(" else -1
        elif c == mark and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


def _terms(right: str) -> tuple[bool, list[tuple[str, ...]]]:
    intercept, terms = True, []
    for piece in _split(right.replace("- 1", "+ 0").replace("-1", "+ 0"), "+"):
        if piece in ("0", "1", ""):
            intercept = piece != "0" and intercept
            continue
        crossed = [tuple(_split(part, ":")) for part in _split(piece, "*")]
        for size in range(1, len(crossed) + 1):
            for chosen in _combinations(crossed, size):
                term = tuple(dict.fromkeys(f for part in chosen for f in part))
                if term not in terms:
                    terms.append(term)
    # R puts main effects before interactions, and names the parts of these in the order of the whole formula.
    order = list(dict.fromkeys(factor for term in terms for factor in term))
    named = [tuple(sorted(term, key=order.index)) for term in terms]
    return intercept, sorted(dict.fromkeys(named), key=len)


def _combinations(items: Sequence, size: int) -> list[tuple]:
    if size == 0:
        return [()]
    return [(items[i], *rest) for i in range(len(items)) for rest in _combinations(items[i + 1 :], size - 1)]


def _coded(factor: str, frame: pd.DataFrame) -> tuple[np.ndarray, list[str], bool]:
    """Columns of one factor of a term, their names, and whether it is categorical."""
    inner = re.fullmatch(r"(?:as\.)?factor\((.+)\)", factor)
    if inner:
        values, logical = evaluate(inner.group(1), frame)
        named = pd.Series(values).map({0.0: "FALSE", 1.0: "TRUE"}) if logical else pd.Series(values)
        x, levels = indicator_columns(named)
        return x, [factor + level for level in levels], True
    values, logical = evaluate(factor, frame)
    if logical:
        return np.stack([1 - values, values], axis=1), [f"{factor}FALSE", f"{factor}TRUE"], True
    if values.dtype == object:
        x, levels = indicator_columns(pd.Series(values))
        name = factor.strip("`")
        return x, [name + level for level in levels], True
    return values[:, None], [factor.strip("`")], False


def _response(left: str, frame: pd.DataFrame) -> np.ndarray:
    values, _ = evaluate(left, frame)
    if values.dtype == object:
        raise NumericInputError(
            f"the response '{left}' is a text; write a comparison such as I({left} == \"Yes\")"
        )
    return values
