"""Reading tables of answers as counties have them: csv in UTF-8 or GB18030, gzip, Excel, Parquet."""

import codecs
import gzip
import io
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pandas as pd
from python_calamine import CalamineError

from scoring.plans.answer_table import AnswerTable
from scoring.plans.errors import PlanError

_EXCEL = {
    ".xlsx": "openpyxl",
    ".xlsm": "openpyxl",
    ".xls": "calamine",
    ".ods": "calamine",
    ".xlsb": "calamine",
}
_NA_WORDS = ("NA", "NaN", "N/A", "#N/A", ".")
_PARQUET = {".parquet", ".pq"}
_TEXT = {".csv", ".txt", ".tsv"}
# Bytes of a text that are looked at at once.
_BLOCK = 1 << 20


def read_table(path: Path) -> pd.DataFrame:
    """A table from .csv, .tsv, .txt, .xlsx, .xls, .ods or .parquet, each also with .gz behind; an empty
    field is a missing value.

    Text files may be UTF-8 (with or without byte-order mark) or GB18030, separated by comma, semicolon or
    tab. The first sheet of a workbook is read. Column names are stripped of blanks.
    """
    if not path.exists():
        raise PlanError(f"the file {path} does not exist")
    suffix = path.suffix.lower()
    packed = suffix == ".gz"
    kind = Path(path.stem).suffix.lower() if packed else suffix
    try:
        if kind not in (*_EXCEL, *_PARQUET, *_TEXT, ""):
            raise PlanError(
                f"{path.name}: files ending in {kind} cannot be read; use .csv, .xlsx or .parquet"
            )
        if kind in _EXCEL:
            with _opened(path) as file:
                frame = pd.read_excel(file, engine=_EXCEL[kind], keep_default_na=False, na_values=[""])
        elif kind in _PARQUET:
            with _opened(path) as file:
                frame = _parquet(file, path)
        else:
            frame = _text(path)
    except PlanError:
        raise
    except (OSError, EOFError, ValueError, KeyError, zlib.error, zipfile.BadZipFile, CalamineError) as error:
        # What pandas, pyarrow and the readers of workbooks raise on a file that is not what its name says.
        raise PlanError(f"{path.name} cannot be read as {kind or 'text'}: {error}") from error
    frame.columns = [str(name).strip() for name in frame.columns]
    for name in frame.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in frame.dtypes]]:
        frame[name] = _numbers_beside_na(frame[name])
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise PlanError(f"{path.name}: the column '{repeated[0]}' appears twice")
    return frame


def _numbers_beside_na(values: pd.Series) -> pd.Series:
    """A column of numbers in which statistics programs wrote NA for a missing one is a column of numbers."""
    if not values.isin(_NA_WORDS).any():
        return values
    numbers = pd.to_numeric(values.where(~values.isin(_NA_WORDS)), errors="coerce")
    readable = numbers.notna() | values.isna() | values.isin(_NA_WORDS)
    return numbers if readable.all() and numbers.notna().any() else values


def _opened(path: Path) -> BinaryIO:
    """The file to read from; a packed one is unpacked at once, since workbooks and Parquet need to go back
    and forth."""
    if path.suffix.lower() == ".gz":
        return io.BytesIO(gzip.decompress(path.read_bytes()))
    return path.open("rb")


def _text(path: Path) -> pd.DataFrame:
    packed = path.suffix.lower() == ".gz"
    for encoding in ("utf-8", "gb18030"):
        head = _first_line(path, encoding, packed=packed)
        if head is not None:
            break
    else:
        raise PlanError(f"{path.name} is neither UTF-8 nor GB18030 text; save it as UTF-8")
    read = partial(
        pd.read_csv,
        path,
        sep=max(",;\t", key=head.count),
        encoding=encoding,
        compression="gzip" if packed else None,
        keep_default_na=False,
        na_values=[""],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)
        frame = read(low_memory=True)
    mixed = [at for at, name in enumerate(frame.columns) if _of_several_kinds(frame[name])]
    if mixed:
        whole = read(low_memory=False, usecols=mixed)
        for number, at in enumerate(mixed):
            frame.isetitem(at, whole.iloc[:, number])
    return frame


def _of_several_kinds(values: pd.Series) -> bool:
    """Whether a column that was read in pieces may be of one kind here and of another there: words and
    numbers, or whole numbers of which some are too long for 63 bits and lost their last digits."""
    if pd.api.types.is_float_dtype(values.dtype):
        return bool(values.max() >= 2**63)
    return pd.api.types.is_object_dtype(values.dtype)


def _first_line(path: Path, encoding: str, *, packed: bool) -> str | None:
    """The first line of a text, None if the text is not all in this encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    head = ""
    with gzip.open(path) if packed else path.open("rb") as file:
        try:
            while block := file.read(_BLOCK):
                text = decoder.decode(block)
                head += "" if "\n" in head else text
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return None
    return head.split("\n", 1)[0]


def _parquet(file: BinaryIO, path: Path) -> pd.DataFrame:
    """As from a text file: words for dictionary columns, plain numbers for decimals and nullable integers."""
    try:
        frame = pd.read_parquet(file)
    except ImportError as error:
        raise PlanError(
            f"{path.name}: reading Parquet needs the package pyarrow; install it or save the table as .csv"
        ) from error
    frame = frame.reset_index(drop=frame.index.names == [None])
    for name, kind in zip(frame.columns, frame.dtypes, strict=True):
        if isinstance(kind, pd.CategoricalDtype):
            frame[name] = frame[name].astype(object)
        elif pd.api.types.is_extension_array_dtype(kind) and pd.api.types.is_numeric_dtype(kind):
            frame[name] = frame[name].to_numpy(float, na_value=float("nan"))
        elif pd.api.types.is_object_dtype(kind) and len(frame) and frame[name].map(_is_decimal).all():
            frame[name] = pd.to_numeric(frame[name])
        # An empty word is a missing one, as in a text file.
        if not pd.api.types.is_numeric_dtype(frame[name].dtype):
            frame[name] = frame[name].where(frame[name] != "", None)
    return frame


def _is_decimal(value: object) -> bool:
    return isinstance(value, Decimal | None)


class Sources:
    """Finds and keeps the tables that cases name.

    base: folder of the plan; data: the table or folder given on the command line; single: whether all
    cases of the plan read one and the same table, in which case a table given on the command line stands
    in for it.
    """

    def __init__(self, *, base: Path | None, data: Path | None, single: bool) -> None:
        self.base, self.data, self.single = base, data, single
        self._tables: dict[Path, AnswerTable] = {}

    def main(self, inputs: Mapping) -> AnswerTable:
        """The table of a case: inline columns and rows, the named file, or the one given on the command
        line."""
        inline = inputs.get("inline")
        if inline is not None:
            if not isinstance(inline, Mapping) or "columns" not in inline or "rows" not in inline:
                raise PlanError("inputs.inline needs 'columns' and 'rows' for this estimator")
            return AnswerTable(pd.DataFrame(inline["rows"], columns=inline["columns"]))
        name = inputs.get("file")
        if self.data is not None and self.data.is_file() and (name is None or self.single):
            return self._read(self.data)
        if name is None:
            raise PlanError("the case names no table: give inputs.file, or the table on the command line")
        return self.named(name)

    def named(self, name: str) -> AnswerTable:
        """The table of this name, beside the plan or in the folder given on the command line."""
        tried = []
        for folder in self._folders():
            path = folder / name
            if path.is_file():
                return self._read(path)
            tried.append(str(folder))
        if self.data is not None and self.data.is_file() and self.data.name == Path(name).name:
            return self._read(self.data)
        where = ", ".join(tried) or "no folder"
        raise PlanError(f"the table '{name}' was not found (looked in {where})")

    def _folders(self) -> list[Path]:
        folders = [] if self.base is None else [self.base, self.base.parent]
        if self.data is not None:
            start = self.data if self.data.is_dir() else self.data.parent
            folders += [start, start.parent]
        return folders

    def _read(self, path: Path) -> AnswerTable:
        key = path.resolve()
        if key not in self._tables:
            self._tables[key] = AnswerTable(read_table(path))
        return self._tables[key]
