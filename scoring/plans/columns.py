"""Variables and groups that a plan names, as arrays."""

import numpy as np
import pandas as pd

from scoring.numeric.expression import evaluate
from scoring.numeric.formula import category_levels, indicator_columns
from scoring.plans.job import column, words


def variables(frame: pd.DataFrame, named) -> tuple[np.ndarray, list[str]]:
    """(n, k) values and names of one or several variables: numeric columns, 0/1 columns per category,
    expressions."""
    columns, names = [], []
    for name in named if isinstance(named, list) else [named]:
        if name in frame.columns:
            series = frame[name]
            if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
                columns.append(series.to_numpy(float, na_value=np.nan)[:, None])
                names.append(name)
            else:
                indicators, levels = indicator_columns(series)
                columns.append(indicators)
                names += [f"{name}{level}" for level in levels]
        else:
            values, _ = evaluate(name, frame)
            columns.append(np.asarray(values, float)[:, None])
            names.append(name)
    return np.concatenate(columns, axis=1), names


def grouped(frame: pd.DataFrame, by: str | list[str]) -> tuple[np.ndarray, list[str]]:
    """(n,) number of every row's group, -1 where a grouping column is missing, and the groups' names.

    The first column varies fastest; only groups that have rows are numbered.
    """
    grouping = [column(frame, name, "parameters.by") for name in (by if isinstance(by, list) else [by])]
    levels = [category_levels(series) for series in grouping]
    code = np.zeros(len(frame), int)
    missing = np.zeros(len(frame), bool)
    for series, known in zip(reversed(grouping), reversed(levels), strict=True):
        part = pd.Categorical(series, categories=known).codes
        missing |= part < 0
        code = code * len(known) + part
    code = np.where(missing, -1, code)
    used = np.unique(code[code >= 0])
    names = []
    for c in used:
        parts = []
        for known in levels:
            c, place = divmod(int(c), len(known))
            parts.append(str(words(pd.Series([known[place]])).iloc[0]))
        names.append("|".join(parts))
    return np.where(code >= 0, np.searchsorted(used, code), -1), names
