"""Long texts are read in pieces, and columns come out as if they had been read at once."""

import pandas as pd
import pytest

from scoring.plans.sources import read_table

# pandas takes some 130,000 lines of so few columns as one piece.
HALF = 140_000
# First half and second half of a column: the pieces differ in kind.
COLUMNS = {
    "number": (["1"], ["2.5"]),
    "identity": (["1152921504606846977"], ["9223372036854775813"]),
    "class": (["01"], ["二班"]),
    "remark": ([""], ["好"]),
    "asked": (["True"], [""]),
    "rate": (["1.50"], ["NA"]),
    "full": (["４"], ["5"]),
}


@pytest.fixture
def text():
    first, second = ([halves[at][0] for halves in COLUMNS.values()] for at in (0, 1))
    lines = [COLUMNS, *[first] * HALF, *[second] * HALF]
    return "\n".join(",".join(line) for line in lines) + "\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_column_of_several_kinds_is_read_as_one(tmp_path, text, encoding):
    (tmp_path / "answers.csv").write_text(text, encoding=encoding)
    frame = read_table(tmp_path / "answers.csv")
    assert list(frame.columns) == list(COLUMNS) and len(frame) == 2 * HALF
    ends = frame.iloc[[0, HALF - 1, HALF, -1]]
    assert ends["number"].tolist() == [1, 1, 2.5, 2.5]
    assert ends["identity"].tolist() == [2**60 + 1, 2**60 + 1, 2**63 + 5, 2**63 + 5]
    assert ends["class"].tolist() == ["01", "01", "二班", "二班"]
    assert ends["remark"].isna().tolist() == [True, True, False, False]
    assert ends["asked"].tolist()[:2] == [True, True] and ends["asked"].isna().tolist()[2:] == [True, True]
    assert ends["rate"].tolist()[:2] == [1.5, 1.5] and pd.isna(ends["rate"].iloc[-1])
    assert ends["full"].tolist() == ["４", "４", "5", "5"]
