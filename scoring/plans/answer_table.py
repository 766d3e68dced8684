"""A table of answers as the cases of a plan share it: columns by name, categories found once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from scoring.numeric.expression import as_word
from scoring.numeric.lines import lines_of
from scoring.plans.errors import PlanError

# Samples (and designs) drawn from a table that are kept; each holds a few numbers per row.
_KEPT = 8


class AnswerTable:
    """A table with what several cases ask of it, so that it is made once: the distinct values of a column,
    and the samples drawn from it. The frame itself is not to be changed."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame
        self._values: dict[str, tuple[np.ndarray, list]] = {}
        self._words: dict[str, pd.Categorical] = {}
        self._kept: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def values(self, name: str, where: str) -> tuple[np.ndarray, list]:
        """(n,) number of every row's value, -1 where it is missing, and the distinct values."""
        if name not in self._values:
            codes, found = pd.factorize(column(self.frame, name, where))
            self._values[name] = codes.astype(np.int32), list(found)
        return self._values[name]

    def words(self, name: str, where: str) -> pd.Categorical:
        """The column as category names, as `words` gives them; missing stays missing."""
        if name not in self._words:
            series = column(self.frame, name, where)
            if series.dtype == object and infer_dtype(series, skipna=True) != "string":
                codes, found = pd.factorize(words(series))  # 1 and True are one value and two words
            else:
                codes, found = self.values(name, where)
            self._words[name] = _named(codes, [as_word(value) for value in found])
        return self._words[name]

    def once(self, what: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once and kept under the name `what` while it is among the last used."""
        found = self._kept.pop(what) if what in self._kept else make()
        self._kept[what] = found
        while len(self._kept) > _KEPT:
            del self._kept[next(iter(self._kept))]
        return found


def column(frame: pd.DataFrame, name: str, where: str) -> pd.Series:
    """A column of the table, refused by name with the columns there are."""
    if name not in frame.columns:
        raise PlanError(f"{where}: there is no column '{name}'; columns are {', '.join(frame.columns)}")
    return frame[name]


def numbers(frame: pd.DataFrame, name: str, where: str) -> np.ndarray:
    """(n,) numbers of a column, nan where one is missing; a row that holds something else is named."""
    values = column(frame, name, where)
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(float, na_value=np.nan)
    found = pd.to_numeric(values, errors="coerce")
    wrong = np.flatnonzero(found.isna() & values.notna())
    if len(wrong):
        row = int(wrong[0])
        raise PlanError(
            f"{where}: row {row + 1} of column '{name}' holds '{values.iloc[row]}'; it must be a number"
        )
    return found.to_numpy(float)


def words(values: pd.Series) -> pd.Series:
    """Category names: numbers without a needless decimal point; missing stays missing."""
    if values.dtype == object:  # 1 and True would be one key, and are not one word
        return values.map(as_word, na_action="ignore")
    return values.map({value: as_word(value) for value in values.dropna().unique()})


def crossed(parts: Sequence[pd.Categorical], mark: str) -> pd.Categorical:
    """The combinations of several categories that occur, named "a|b" with the mark between their words;
    missing where one of them is."""
    together = lines_of([part.codes for part in parts])
    names = []
    for row in together.example:
        picked = [part[row] for part in parts]
        names.append(None if any(pd.isna(word) for word in picked) else mark.join(picked))
    return _named(together.line, names)


def renamed(found: pd.Categorical, names: Mapping[str, Any], *, missing: str | None = None) -> pd.Categorical:
    """The categories under other names, where `names` has one; two may become one. A missing value becomes
    `missing` if that is given."""
    result = _named(found.codes, [names.get(word, word) for word in found.categories])
    if missing is None or not (result.codes < 0).any():
        return result
    known = result if missing in result.categories else result.add_categories([missing])
    return known.fillna(missing)


def _named(codes: np.ndarray, names: Sequence) -> pd.Categorical:
    """Categories from the number of every row's name, -1 where it is missing; a name may be there twice."""
    place, known = pd.factorize(np.array(names, dtype=object))
    return pd.Categorical.from_codes(np.append(place, -1)[codes], known)
