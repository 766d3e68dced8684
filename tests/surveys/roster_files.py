"""Roster files for tests, as counties keep them."""

from __future__ import annotations

import csv
import io

import openpyxl
import xlsxwriter

HEADINGS = [
    "学校代码", "学校名称", "乡镇", "办学类型", "城乡分类", "公办民办",
    "一年级", "二年级", "三年级", "四年级", "五年级", "六年级", "七年级", "八年级", "九年级",
    "班级数", "教师数",
]  # fmt: skip
FIRST = [
    "2199000001", "云川县第一小学", "城关镇", "小学", "城区", "公办",
    96, 94, 98, 101, 97, 95, "", "", "", 12, 38,
]  # fmt: skip
SECOND = [
    "2199000002", "石门乡中心学校", "石门乡", "九年一贯制", "乡村", "公办",
    41, 38, 44, 40, 39, 42, 51, 48, 50, 9, 33,
]  # fmt: skip
POINT = [
    "2199000003", "龙潭沟教学点", "石门乡", "教学点", "乡村", "公办",
    5, 4, 3, "", "", "", "", "", "", 3, 2,
]  # fmt: skip
SCHOOLS = [FIRST, SECOND, POINT]
RESIDENTS = [
    ["城乡分类", "常住人口", "数据来源"],
    ["城区", 63000, "2025年统计公报"],
    ["镇区", 82000, ""],
    ["乡村", 145000, ""],
]


def with_entry(row: list, heading: str, value: object) -> list:
    """The row with one entry changed."""
    changed = list(row)
    changed[HEADINGS.index(heading)] = value
    return changed


def csv_bytes(rows: list[list], *, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def xlsx_bytes(sheets: dict[str, list[list]], *, formulas: bool = False) -> bytes:
    """An .xlsx written by xlsxwriter; texts beginning with = stay texts unless `formulas` are wanted."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": formulas})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return stream.getvalue()


def edited_xlsx(rows: list[list], edit) -> bytes:
    """An .xlsx written by openpyxl after `edit(sheet)` merged, hid or formatted what it wanted."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "学校"
    for row in rows:
        sheet.append(row)
    edit(sheet)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()
