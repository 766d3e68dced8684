"""Doubts about the figures of a school table by themselves: unit slips, impossible ratios, wrong totals.

The bounds are far outside what any school has (the law asks for 2,000 yuan and 4.5㎡ per pupil): what lies
beyond them is a slip of the unit or the pen, though a doubt and no error, for the table knows better than we.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from analysis.columns import STAGES
from analysis.findings import Quantity, Sentence, Texts
from analysis.indicator_files.remarks import DOUBT, Remark
from analysis.indicator_files.school_lines import SchoolLines, base_column
from analysis.quantities import read_number
from analysis.school_table import Record
from analysis.standard_parts import Standard

# Per pupil: below the first the figure looks ten thousand times too small, above the second too large.
PER_PUPIL: Mapping[str, tuple[Fraction, Fraction]] = {
    "equipment_yuan": (Fraction(5), Fraction(500_000)),
    "teaching_area_m2": (Fraction(1, 10), Fraction(500)),
    "sports_area_m2": (Fraction(1, 20), Fraction(1_000)),
    "building_area_m2": (Fraction(1, 10), Fraction(1_000)),
    "site_area_m2": (Fraction(1, 5), Fraction(5_000)),
}
ZERO = Fraction(0)
# The first can never be more than the second.
PARTS = (
    ("teachers_above_degree", "teachers"),
    ("backbone_teachers", "teachers"),
    ("pe_art_teachers", "teachers"),
    ("mid_title_teachers", "teachers"),
    ("classes_over_45", "classes"),
    ("classes_over_50", "classes_over_45"),
    ("classes_over_55", "classes_over_50"),
    ("classes_over_65", "classes_over_55"),
    ("largest_class", "pupils"),
    ("teaching_area_m2", "building_area_m2"),
    ("music_rooms", "classes"),
    ("art_rooms", "classes"),
)
MOST_PUPILS_PER_CLASS = 100
LEAST_PUPILS_PER_TEACHER = 1
COUNTS = (
    "pupils", "classes", "largest_class", "teachers", "teachers_above_degree", "backbone_teachers",
    "pe_art_teachers", "mid_title_teachers", "multimedia_rooms", "music_rooms", "art_rooms", "computers",
    "books",
)  # fmt: skip


def figures_of(record: Record, standard: Standard) -> dict[str, Fraction]:
    """The numbers of a record by column (with their stages: pupils_primary)."""
    found = {}
    for column, text in record.cells.items():
        asked = standard.columns.get(base_column(column)[0])
        if asked is not None and not asked.is_yes_no and text:
            number = read_number(text)
            if number is not None:
                found[column] = number
    return found


def figure_doubts(lines: SchoolLines, standard: Standard) -> Iterator[Remark]:
    """What cannot be, or hardly, in the rows by themselves."""
    for record in lines.records:
        numbers = figures_of(record, standard)
        for ending in ("", *(f"_{stage}" for stage in STAGES)):
            of_stage = {
                column.removesuffix(ending) if ending else column: number
                for column, number in numbers.items()
                if column.endswith(ending) and (ending or not base_column(column)[1])
            }
            yield from _row_doubts(record, of_stage, lines, standard, ending)


def total_doubts(lines: SchoolLines, standard: Standard) -> Iterator[Remark]:
    """Rows of totals whose figure is not the sum of the schools above."""
    figures = [(record, figures_of(record, standard)) for record in lines.records]
    before = 0
    for total in lines.totals:
        above = [each for each in figures if before < each[0].line < total.row]
        before = total.row if above else before
        summed = above or [each for each in figures if each[0].line < total.row]  # 总计 below several 合计
        for column, stated in total.figures.items():
            asked = standard.columns[base_column(column)[0]]
            amounts = [(record.cells.get("school"), numbers.get(column, ZERO)) for record, numbers in summed]
            found = sum((amount for _, amount in amounts), ZERO)
            # What the stages of a school share may stand in each of its rows and count once.
            once = sum((amount for _, amount in set(amounts)), ZERO) if asked.counted != "stage" else found
            if not amounts or asked.joined != "sum" or _is_same(stated, found) or _is_same(stated, once):
                continue
            values = {
                "stated": Quantity(stated, asked.unit), "sum": Quantity(found, asked.unit),
                "difference": Quantity(abs(stated - found), asked.unit),
            }  # fmt: skip
            sentence = Sentence(
                "合计行为{stated}，各校相加为{sum}，相差{difference}。",
                "The total says {stated}, the schools add up to {sum}: {difference} apart.",
                values,
            )
            yield Remark(DOUBT, "total", sentence, total.row, *lines.at(column))


def _is_same(stated: Fraction, summed: Fraction) -> bool:
    """Spreadsheet programs add in binary and print 10360.739999999998 for 10360.74."""
    return abs(stated - summed) * 10**9 <= summed


def _row_doubts(
    record: Record, numbers: Mapping[str, Fraction], lines: SchoolLines, standard: Standard, ending: str
) -> Iterator[Remark]:
    def doubt(kind: str, column: str, zh: str, en: str, **values: object) -> Remark:
        place = lines.at(column + ending)
        return Remark(
            DOUBT, kind, Sentence(zh, en, values), record.line, *place, record.cells.get("school", "")
        )

    def amount(column: str) -> Quantity:
        return Quantity(numbers[column], standard.columns[column].unit)

    pupils = numbers.get("pupils")
    if pupils == 0:
        yield doubt(
            "ratio", "pupils", "学生数为0，各项指标无法计算。", "No pupils: no indicator can be computed."
        )
    for column, (least, most) in PER_PUPIL.items():
        if not pupils or not (value := numbers.get(column)):
            continue
        each = value / pupils
        unit = standard.columns[column].unit
        if each < least:
            zh, en = _wan(unit)
            yield doubt(
                "unit", column, f"生均只有{{each}}；是否以“{zh}”填报？（应以“{unit['zh-hans']}”为单位）",
                f"Only {{each}} per pupil; was it given in {en}? ({unit['en']} is asked for.)",
                each=Quantity(each, unit),
            )  # fmt: skip
        elif each > most:
            yield doubt(
                "unit", column, "生均高达{each}；单位是否多乘了10000？",
                "As much as {each} per pupil; was it multiplied by 10,000 once too often?",
                each=Quantity(each, unit),
            )  # fmt: skip
    for part, whole in PARTS:
        if part in numbers and whole in numbers and numbers[part] > numbers[whole]:
            yield doubt(
                "ratio", part, "{part}（{of_part}）多于{whole}（{of_whole}）。",
                "{part} ({of_part}) is more than {whole} ({of_whole}).",
                part=standard.columns[part].name, whole=standard.columns[whole].name,
                of_part=amount(part), of_whole=amount(whole),
            )  # fmt: skip
    yield from _class_doubts(numbers, doubt)
    if pupils and (teachers := numbers.get("teachers")) and teachers > pupils * LEAST_PUPILS_PER_TEACHER:
        yield doubt("ratio", "teachers", "教师数多于学生数。", "There are more teachers than pupils.")
    for column in COUNTS:
        if column in numbers and numbers[column].denominator != 1:
            yield doubt(
                "ratio", column, "{value}不是整数。", "{value} is no whole number.", value=amount(column)
            )


def _class_doubts(numbers: Mapping[str, Fraction], doubt) -> Iterator[Remark]:
    pupils, classes, largest = (numbers.get(key) for key in ("pupils", "classes", "largest_class"))
    if classes == 0 and pupils:
        yield doubt("ratio", "classes", "有学生，但班级数为0。", "There are pupils and no classes.")
    if pupils and classes:
        each = pupils / classes
        if each > MOST_PUPILS_PER_CLASS:
            yield doubt(
                "ratio",
                "classes",
                "平均每班{each}人。",
                "On average {each} pupils per class.",
                each=Fraction(round(each)),
            )
        elif each < 1:
            yield doubt("ratio", "classes", "班级数多于学生数。", "There are more classes than pupils.")
        if largest and largest < each:
            yield doubt(
                "ratio", "largest_class", "最大班额{largest}人，小于平均班额{each}人。",
                "The largest class has {largest} pupils, the average one {each}.", largest=largest, each=each,
            )  # fmt: skip
    if largest and largest > MOST_PUPILS_PER_CLASS:
        yield doubt(
            "ratio",
            "largest_class",
            "最大班额{largest}人。",
            "The largest class has {largest} pupils.",
            largest=largest,
        )


def _wan(unit: Texts) -> tuple[str, str]:
    return f"万{unit['zh-hans']}", f"ten thousand {unit['en']}"
