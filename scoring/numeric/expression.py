"""Small expressions over the columns of a table, in the notation survey statisticians write.

    sch_wide == "Yes"      api00 > 850      (q1 >= 4) & (q2 >= 4)      race %in% c(1, 2)      log(enroll)

Comparison with a missing value is missing. Nothing but what is listed here is understood or run.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from scoring.numeric.errors import NumericInputError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<name>`[^`]+`|[^\W\d][\w.]*)"
    r"|(?P<mark>%in%|==|!=|<=|>=|\*\*|[-+*/^<>&|!(),]))"
)
_FUNCTIONS: Mapping[str, Callable] = {
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "I": lambda value: value,
    "as.numeric": lambda value: value,
}
# Binding strength of infix marks, weakest first.
_STRENGTH = {
    "|": 1,
    "&": 2,
    "==": 4,
    "!=": 4,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "%in%": 5,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "^": 9,
    "**": 9,
}


def evaluate(text: str, frame: pd.DataFrame) -> tuple[np.ndarray, bool]:
    """Value of the expression for every row, and whether it is a truth value.

    Truth values come back as 1.0 and 0.0, missing as nan; a bare text column comes back as objects.
    Unknown columns and functions are refused by name, with the columns there are.
    """
    value = _Parser(tokenize(text), frame, text).whole()
    data = value.data
    if np.ndim(data) == 0:
        data = np.full(len(frame), data)
    return data, value.logical


def tokenize(text: str) -> list[tuple[str, str]]:
    """(kind, text) of every token: number, text, name or mark; refused at the first character not
    understood."""
    tokens: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        found = _TOKEN.match(text, position)
        if found is None or found.lastgroup is None:
            raise NumericInputError(
                f"the expression '{text}' is not understood from '{text[position:].strip()}' on"
            )
        tokens.append((found.lastgroup, found.group(found.lastgroup)))
        position = found.end()
    return tokens


class _Value:
    def __init__(self, data: Any, logical: bool = False, members: tuple = ()) -> None:
        self.data, self.logical, self.members = data, logical, members


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]], frame: pd.DataFrame, text: str) -> None:
        self.tokens, self.frame, self.text, self.at = tokens, frame, text, 0

    def whole(self) -> _Value:
        value = self.expression(0)
        if self.at != len(self.tokens):
            raise self.wrong(f"'{self.tokens[self.at][1]}' is out of place")
        return value

    def wrong(self, why: str) -> NumericInputError:
        return NumericInputError(f"the expression '{self.text}' is not understood: {why}")

    def take(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise self.wrong("it ends too early")
        self.at += 1
        return self.tokens[self.at - 1]

    def peek(self) -> str | None:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "mark":
            return self.tokens[self.at][1]
        return None

    def expect(self, mark: str) -> None:
        kind, text = self.take()
        if (kind, text) != ("mark", mark):
            raise self.wrong(f"'{mark}' was expected where '{text}' stands")

    def expression(self, strength: int) -> _Value:
        left = self.prefix()
        while (mark := self.peek()) in _STRENGTH and _STRENGTH[mark] > strength:
            self.take()
            # Powers bind to the right, everything else to the left.
            right = self.expression(_STRENGTH[mark] - (1 if mark in ("^", "**") else 0))
            left = _combine(mark, left, right, self)
        return left

    def prefix(self) -> _Value:
        kind, text = self.take()
        if kind == "number":
            return _Value(float(text))
        if kind == "text":
            return _Value(text[1:-1])
        if kind == "name":
            return self.call(text) if self.peek() == "(" else self.column(text.strip("`"))
        if text == "(":
            value = self.expression(0)
            self.expect(")")
            return value
        if text == "-":
            return _Value(-_number(self.expression(8), self))
        if text == "!":
            return _Value(1 - _number(self.expression(3), self), logical=True)
        raise self.wrong(f"'{text}' is out of place")

    def call(self, name: str) -> _Value:
        self.expect("(")
        arguments = [self.expression(0)]
        while self.peek() == ",":
            self.take()
            arguments.append(self.expression(0))
        self.expect(")")
        if name == "c":
            return _Value(None, members=tuple(a.data for a in arguments))
        if name == "is.na" and len(arguments) == 1:
            return _Value(pd.isna(arguments[0].data).astype(float), logical=True)
        if name not in _FUNCTIONS or len(arguments) != 1:
            raise self.wrong(
                f"function '{name}' is unknown; allowed are c, is.na, {', '.join(sorted(_FUNCTIONS))}"
            )
        with np.errstate(divide="ignore", invalid="ignore"):
            return _Value(
                _FUNCTIONS[name](_number(arguments[0], self)), logical=name == "I" and arguments[0].logical
            )

    def column(self, name: str) -> _Value:
        if name in ("TRUE", "FALSE"):
            return _Value(float(name == "TRUE"), logical=True)
        if name not in self.frame.columns:
            raise self.wrong(
                f"there is no column '{name}'; columns are {', '.join(map(str, self.frame.columns))}"
            )
        values = self.frame[name]
        if pd.api.types.is_bool_dtype(values):
            return _Value(values.to_numpy(float), logical=True)
        if pd.api.types.is_numeric_dtype(values):
            return _Value(values.to_numpy(float, na_value=np.nan))
        if isinstance(values.dtype, pd.StringDtype):  # one object per word, not one per row
            codes, words = pd.factorize(values)
            return _Value(np.array([*words, None], dtype=object)[codes])
        texts = np.array(values, dtype=object)
        texts[pd.isna(texts)] = None
        if infer_dtype(texts, skipna=True) == "boolean":  # truth values, of which some are missing
            return _Value(np.array([np.nan if text is None else text for text in texts], float), logical=True)
        return _Value(texts)


def _number(value: _Value, parser: _Parser) -> np.ndarray:
    data = value.data
    if data is None or isinstance(data, str) or (np.ndim(data) and np.asarray(data).dtype == object):
        raise parser.wrong("a number is needed where a text or a list stands")
    return np.asarray(data, float)


def _combine(mark: str, left: _Value, right: _Value, parser: _Parser) -> _Value:
    if mark == "%in%":
        members = right.members or (right.data,)
        hits = [_equal(_beside(left, member), member) for member in members]
        return _Value(np.nan_to_num(np.max(np.stack(np.broadcast_arrays(*hits)), axis=0)), logical=True)
    if mark in ("==", "!="):
        same = _equal(_beside(left, right.data), _beside(right, left.data))
        return _Value(same if mark == "==" else 1 - same, logical=True)
    a, b = _number(left, parser), _number(right, parser)
    with np.errstate(divide="ignore", invalid="ignore"):
        if mark in ("<", ">", "<=", ">="):
            compared = {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[mark].astype(float)
            return _Value(np.where(np.isnan(a) | np.isnan(b), np.nan, compared), logical=True)
        if mark == "&":
            return _Value(
                np.where((a == 0) | (b == 0), 0.0, np.where(np.isnan(a + b), np.nan, 1.0)), logical=True
            )
        if mark == "|":
            either = ((a != 0) & ~np.isnan(a)) | ((b != 0) & ~np.isnan(b))
            return _Value(np.where(either, 1.0, np.where(np.isnan(a + b), np.nan, 0.0)), logical=True)
        if mark == "+":
            return _Value(a + b)
        if mark == "-":
            return _Value(a - b)
        if mark == "*":
            return _Value(a * b)
        if mark == "/":
            return _Value(a / b)
        return _Value(a**b)


def _beside(value: _Value, other: Any) -> Any:
    """The value as it is compared with another: a truth value beside a text is the word TRUE or FALSE."""
    if not value.logical or not isinstance(other, str):
        return value.data
    data = np.atleast_1d(value.data)
    said = np.where(data == 1, "TRUE", "FALSE").astype(object)
    said[np.isnan(data)] = None
    return said


def _equal(a: Any, b: Any) -> np.ndarray:
    """1, 0 or nan; a number and a text that reads as that number are equal, as R compares them."""
    left, right = np.asarray(a), np.asarray(b)
    if left.dtype.kind == "f" and right.dtype.kind == "f":
        return np.where(np.isnan(left) | np.isnan(right), np.nan, (left == right).astype(float))
    left, right = left.astype(object), right.astype(object)
    missing = pd.isna(left) | pd.isna(right)
    if not (_is_text(a) or _is_text(b)):
        with np.errstate(invalid="ignore"):
            same = np.asarray(left, float) == np.asarray(right, float)
    else:
        same = _in_words(left) == _in_words(right)
    return np.where(missing, np.nan, np.asarray(same, float))


def _in_words(values: np.ndarray) -> np.ndarray:
    """Every value as a category name; a column of texts is that already."""
    if pd.api.types.infer_dtype(values.ravel(), skipna=True) == "string":
        return values
    return np.vectorize(as_word, otypes=[object])(values)


def _is_text(data: Any) -> bool:
    return isinstance(data, str) or (np.ndim(data) > 0 and np.asarray(data).dtype == object)


def as_word(value: Any) -> str:
    """A value as a category name: whole numbers without a decimal point, truth values as TRUE and FALSE."""
    if isinstance(value, bool | np.bool_):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)
