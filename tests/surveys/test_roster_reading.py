"""Files of every kind become the same sheets; what cannot be read is one sentence, never a crash."""

import io
import random
import time
import zipfile
from datetime import date

import pytest
from django.utils import translation

from surveys.roster import cells
from surveys.roster.cells import Odd, RosterFileError
from surveys.roster.reading import read_sheets
from tests.surveys.old_excel import xls_bytes
from tests.surveys.roster_files import HEADINGS, SCHOOLS, csv_bytes, edited_xlsx, xlsx_bytes

ROWS = [HEADINGS, *SCHOOLS]
AS_TEXT = [tuple(str(value) for value in row) for row in ROWS]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def texts(content: bytes, file_name: str = "名册.csv") -> list[tuple]:
    (sheet,) = read_sheets(content, file_name=file_name)
    return [row.cells for row in sheet]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_in_every_encoding_and_delimiter_reads_the_same(encoding, delimiter):
    assert texts(csv_bytes(ROWS, encoding=encoding, delimiter=delimiter)) == AS_TEXT


def test_xlsx_and_xls_read_the_same_as_text():
    assert texts(xlsx_bytes({"学校": ROWS})) == AS_TEXT
    rows = [[value if value != "" else None for value in row] for row in ROWS]
    assert [row[:9] for row in texts(xls_bytes({"学校": rows}))] == [row[:9] for row in AS_TEXT]


def test_xls_with_blank_rows_and_columns_at_its_edges_keeps_its_row_numbers():
    (sheet,) = read_sheets(
        xls_bytes({"学校": [[], [], [None, None, "学校代码"], [], [None, None, 7]]}), file_name="a"
    )
    assert [(row.number, row.cells) for row in sheet] == [(3, ("", "", "学校代码")), (5, ("", "", "7"))]


def test_row_numbers_are_those_the_user_sees():
    rows = [["标题"], [], [], ["学校代码", "学校名称", "乡镇"], [], ["1", "甲", "乙"]]
    for content in (csv_bytes(rows), xlsx_bytes({"学校": rows})):
        (sheet,) = read_sheets(content, file_name="a")
        assert [row.number for row in sheet] == [1, 4, 6]


def test_an_entry_of_two_lines_is_one_row_of_a_text_file():
    content = csv_bytes([["学校代码", "学校\n名称", "乡镇"], ["1", "甲", "乙"]])
    (sheet,) = read_sheets(content, file_name="a")
    assert [row.number for row in sheet] == [1, 2]


def test_hidden_columns_are_read_and_hidden_sheets_are_not():
    def hide(sheet):
        sheet.column_dimensions["B"].hidden = True
        sheet.parent.create_sheet("旧数据").append(["学校代码"])
        sheet.parent["旧数据"].sheet_state = "hidden"

    assert texts(edited_xlsx(ROWS, hide)) == AS_TEXT


def test_numbers_keep_their_digits():
    assert texts(xlsx_bytes({"a": [[2199000001, 12.0, 45.5, True, 2.5e17]]})) == [
        ("2199000001", "12", "45.5", "TRUE", "2.50000000000000E+17")
    ]


def test_dates_errors_and_formulas_without_result_are_no_blanks():
    def write(sheet):
        sheet["A1"], sheet["B1"], sheet["C1"], sheet["D1"] = (
            "甲", "=1+1", "#REF!", date(2026, 9, 12),
        )  # fmt: skip
        sheet["C1"].data_type = "e"

    ((name, formula, error, day),) = texts(edited_xlsx([], write))
    assert name == "甲"
    assert formula == Odd("formula", "=1+1")
    assert error == Odd("error", "#REF!")
    assert day == Odd("date", "2026-09-12 00:00:00")


def test_a_formulas_saved_result_is_read_and_an_empty_one_is_blank():
    """As Excel saves them: the empty text has the type "str" and an empty value."""
    cell = '<c r="A1"><f>1+1</f><v>96</v></c><c r="B1" t="str"><f>IF(1=2,"x","")</f><v></v></c>'
    assert texts(with_sheet_data(f'<row r="1">{cell}</row>')) == [("96", "")]


def with_sheet_data(rows: str) -> bytes:
    """An .xlsx whose only sheet holds this XML."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(xlsx_bytes({"a": []}))) as empty,
        zipfile.ZipFile(stream, "w") as archive,
    ):
        for name in empty.namelist():
            part = empty.read(name).decode()
            archive.writestr(name, part.replace("<sheetData/>", f"<sheetData>{rows}</sheetData>"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \r\n ", "empty"),
        (b"PK\x03\x04 nothing more", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 nothing more", "damaged"),
        (b"<html><table><tr><td>1</td></tr></table>", "web page"),
        (b"%PDF-1.7", "not a spreadsheet"),
        (b"\x00\x01\x02\x03" * 50, "neither UTF-8 nor GBK"),
        (b"\xff\xff\xff\x81\xff", "neither UTF-8 nor GBK"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b'a,"' + b"x" * 200_000, "cannot be read as a table"),
    ],
)
def test_what_is_no_spreadsheet_is_refused_with_a_sentence(content, says):
    with pytest.raises(RosterFileError, match=says):
        read_sheets(content, file_name="a")


def test_other_packed_files_are_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(RosterFileError, match="no spreadsheet"):
        read_sheets(stream.getvalue(), file_name="a")


def test_a_file_over_ten_megabytes_is_refused_unread():
    with pytest.raises(RosterFileError, match=r"10\.0 MB"):
        read_sheets(b"x" * (cells.ROSTER_LIMITS.file_bytes + 1), file_name="a")


def test_a_zip_bomb_is_refused_quickly():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (cells.ROSTER_LIMITS.unpacked_bytes + 1))
    assert len(stream.getvalue()) < 100_000
    began = time.monotonic()
    with pytest.raises(RosterFileError, match="larger than 60 MB"):
        read_sheets(stream.getvalue(), file_name="a")
    assert time.monotonic() - began < 2


def test_entities_are_refused():
    stream = io.BytesIO()
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><workbook>&b;</workbook>'
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", bomb)
    with pytest.raises(RosterFileError, match="damaged"):
        read_sheets(stream.getvalue(), file_name="a")


def test_a_million_blank_rows_below_the_roster_are_not_walked():
    def far(sheet):
        sheet["A1048576"] = "x"

    (sheet,) = read_sheets(edited_xlsx(ROWS, far), file_name="a")
    assert (len(sheet.rows), sheet.stopped_at) == (4, 4 + cells.MOST_BLANK_ROWS)


def test_a_cell_in_the_last_column_of_every_row_runs_out_of_budget():
    def wide(sheet):
        for number in range(1, 80):
            sheet.cell(number, 16_384, "x")

    with pytest.raises(RosterFileError, match="more than 300,000 cells"):
        read_sheets(edited_xlsx([], wide), file_name="a")


def test_too_many_rows_are_refused():
    with pytest.raises(RosterFileError, match="more than 5,000 rows"):
        read_sheets(b"a,b,c\n" * 5_001, file_name="a")


@pytest.mark.parametrize(("kind", "files"), [("xlsx", 150), ("xls", 25)])
def test_a_damaged_file_is_read_or_refused_and_never_crashes(kind, files):
    rows = [[value if value != "" else None for value in row] for row in ROWS]
    good = xlsx_bytes({"学校": rows}) if kind == "xlsx" else xls_bytes({"学校": rows})
    chance = random.Random(20261121)
    outcomes = set()
    for _ in range(files):
        bad = bytearray(good)
        for _ in range(chance.randint(1, 20)):
            bad[chance.randrange(8, len(bad))] = chance.randrange(256)
        if chance.random() < 0.3:
            bad = bad[: chance.randrange(8, len(bad))]
        try:
            read_sheets(bytes(bad), file_name="a")
            outcomes.add("read")
        except RosterFileError:
            outcomes.add("refused")
    assert "refused" in outcomes
