"""School tables as counties really keep them: merged headings, 万元, full-width digits, notes, totals.

For tests; figures are drawn from a seed.
"""

from __future__ import annotations

import csv
import io
import random

import openpyxl

from surveys.models import County, School, Township

WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
UPPER = [
    "序号", "学校（机构）名称", "学段", "城乡类型", "学生情况", "", "", "专任教师", "", "", "", "校舍及场地",
    "", "教学仪器设备值（万元）", "网络多媒体教室（间）", "专用教室", "", "备注",
]  # fmt: skip
LOWER = [
    "", "", "", "", "学生数", "班级数", "最大班额", "合计", "高于规定学历", "县级以上骨干教师",
    "体育、艺术（美术、音乐）", "教学及辅助用房（㎡）", "体育运动场馆面积（平方米）", "", "",
    "音乐教室", "美术教室", "",
]  # fmt: skip


def school_names(count: int) -> list[str]:
    return [f"云川县第{number}{'初级中学' if number % 3 == 0 else '小学'}" for number in range(1, count + 1)]


def figures(count: int, *, seed: int = 7) -> list[list]:
    """One row per school in the order of UPPER; equipment in 万元."""
    dice = random.Random(seed)
    rows = []
    for number, name in enumerate(school_names(count), start=1):
        classes = dice.randint(6, 30)
        pupils = classes * dice.randint(28, 44)
        teachers = round(pupils / 15)
        rows.append([
            number, name, "初中" if name.endswith("中学") else "小学", dice.choice(["城区", "镇区", "乡村"]),
            pupils, classes, min(50, pupils // classes + 4), teachers, round(teachers * 0.8),
            max(1, round(pupils / 80)), max(1, round(pupils / 90)), pupils * 6, pupils * 11,
            round(pupils * 0.26, 2), round(pupils * 0.026) or 1, -(-classes // 12), -(-classes // 12), "",
        ])  # fmt: skip
    return rows


def messy_rows(count: int, *, duplicate: bool = False, wrong_total: bool = True) -> list[list]:
    """Title, unit line, two heading rows, a row of column numbers, the schools, totals and notes."""
    schools = figures(count)
    schools[0][4] = str(schools[0][4]).translate(WIDE)  # full-width digits
    schools[1][11] = f"{schools[1][11]:,}"
    schools[2][9] = ""  # not known
    schools[3][10] = "—"
    total = ["", "合计", "", "", *[sum(number(row[index]) for row in schools) for index in range(4, 17)], ""]
    if wrong_total:
        total[4] += 100
    if duplicate:
        schools.append([*schools[4]])
    blank = [""] * len(UPPER)
    return [
        ["云川县2026年义务教育学校办学条件统计表", *blank[1:]],
        ["填报单位：云川县教育局", *blank[1:-1], "单位：人、㎡、万元"],
        UPPER, LOWER,
        ["甲", "乙", "丙", "丁", *range(1, 14), ""],
        *schools[: count // 2], blank, *schools[count // 2 :],
        total,
        ["注：1.本表由各校填报，教育局汇总。", *blank[1:]],
        ["填表人：王某　　审核人：李某", *blank[1:]],
    ]  # fmt: skip


def number(cell: object) -> float:
    text = str(cell).translate(
        {ord(wide): plain for plain, wide in zip("0123456789", "０１２３４５６７８９", strict=True)}
    )
    text = text.replace(",", "")
    return float(text) if text.replace(".", "").isdigit() else 0


def xlsx(rows: list[list]) -> bytes:
    """As a workbook with really merged headings."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "办学条件"
    for row in rows:
        sheet.append([None if cell == "" else cell for cell in row])
    sheet.merge_cells("A1:R1")
    for letter in "ABCDNOR":
        sheet.merge_cells(f"{letter}3:{letter}4")
    for cells in ("E3:G3", "H3:K3", "L3:M3", "P3:Q3"):
        sheet.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def gbk_csv(rows: list[list]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().replace("㎡", "平方米").encode("gbk")


def roster(county: County, count: int) -> list[School]:
    """The same schools on the county's roster."""
    township = Township.objects.create(county=county, name="城关镇")
    return School.objects.bulk_create(
        School(
            county=county, township=township, code=f"S{number:05}", name=name,
            stage="junior" if name.endswith("中学") else "primary", location="town",
        )
        for number, name in enumerate(school_names(count), start=1)
    )  # fmt: skip
