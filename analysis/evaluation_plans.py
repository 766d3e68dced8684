"""Files of an evaluation → facts: the school table, the county's items, recognition. No database.

This is what `manage.py evaluate_file` reads. Tables may be .xlsx, .xls or text (UTF-8, GBK), as the roster's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from analysis.columns import plain
from analysis.county_items import CountyAnswers, ItemLine, county_answers
from analysis.facts import CountyFacts, Recognition
from analysis.file_errors import EvaluationFileError, in_row
from analysis.findings import CHINESE, ENGLISH, WORDS, Sentence, Texts
from analysis.quantities import NotANumber, has_percent_sign, read_number
from analysis.school_table import Record, SchoolTable, column_headings, school_table
from analysis.standard import read_standard_file, shipped_standard, standard_keys
from analysis.standard_parts import Setting, SettingValues, Standard
from surveys.roster.cells import Limits, RosterFileError, Row, Sheet
from surveys.roster.reading import read_sheets

HEADER_WITHIN = 20  # rows in which the headings must come
# A province may lay all its schools into one table.
TABLE_LIMITS = Limits(file_bytes=20 * 1024**2, unpacked_bytes=200 * 1024**2, rows=50_000, cells=2_000_000)
TOTALS = frozenset(("合计", "总计", "小计", "全县合计", "total"))
ITEM_HEADINGS = {
    "item": ("item", "项目", "指标", "指标项", "名称"),
    "value": ("value", "值", "数值", "数据", "结果", "得分"),
    "evidence": ("evidence", "佐证材料", "佐证", "依据", "说明", "备注"),
}


def find_standard(name: str) -> Standard:
    """A supplied standard by its key, or one in a file by its path."""
    if name in standard_keys() or not Path(name).suffix:
        return shipped_standard(name)
    return read_standard_file(Path(name))


def setting_values(standard: Standard, given: Mapping[str, str]) -> SettingValues:
    """The standard's settings: defaults, replaced by what is given; open ones are absent."""
    values: dict[str, Fraction | str] = {
        key: setting.default for key, setting in standard.settings.items() if setting.default is not None
    }
    for key, text in given.items():
        setting = standard.settings.get(key)
        if setting is None:
            known = ", ".join(standard.settings) or "(none)"
            raise EvaluationFileError(
                "标准{standard}没有设置“{setting}”，可用：{allowed}。",
                "{standard} has no setting '{setting}'; allowed: {allowed}",
                standard=standard.key,
                setting=key,
                allowed=known,
            )
        if setting.choices:
            if text not in setting.choices:
                raise _setting_error(setting, text, {CHINESE: "、".join(setting.choices),
                                                     ENGLISH: ", ".join(setting.choices)})  # fmt: skip
            values[key] = text
            continue
        try:
            number = read_number(text)
        except NotANumber as error:
            raise EvaluationFileError(
                "设置“{setting}”：{why}",
                "setting {setting}: {why}",
                setting=_called(setting),
                why=error.texts,
            ) from error
        low, high = setting.least, setting.most
        if number is None or (low is not None and number < low) or (high is not None and number > high):
            ends = ["…" if end is None else f"{float(end):g}" for end in (low, high)]
            raise _setting_error(
                setting, text, {CHINESE: f"{'至'.join(ends)}的数", ENGLISH: f"a number, {' to '.join(ends)}"}
            )
        values[key] = number
    return values


def _called(setting: Setting) -> Texts:
    return {CHINESE: setting.name[CHINESE], ENGLISH: setting.key}


def _setting_error(setting: Setting, found: str, allowed: Texts) -> EvaluationFileError:
    return EvaluationFileError(
        "设置“{setting}”填写了“{found}”，可填：{allowed}。",
        "setting {setting}: found '{found}'; allowed: {allowed}",
        setting=_called(setting),
        found=found,
        allowed=allowed,
    )


def county_facts(
    standard: Standard,
    *,
    records: Sequence[Record],
    items: Sequence[ItemLine] = (),
    recognition: Recognition | None = None,
    settings: Mapping[str, str] | None = None,
    names: tuple[str, str] = ("indicators", "county"),
) -> tuple[CountyFacts, tuple[Sentence, ...]]:
    """Everything the standard is applied to, and what was doubtful in the files.

    records: lines of the school table by column; items: lines of the county's file; recognition goes before
    one that stands among the items; names: of the two files, for messages.
    """
    values = setting_values(standard, settings or {})
    table: SchoolTable = school_table(records, standard=standard, settings=values, name=names[0])
    answers: CountyAnswers = county_answers(items, standard=standard, settings=values, name=names[1])
    facts = CountyFacts(
        standard=standard,
        rows=table.rows,
        schools=table.schools,
        items=answers.items,
        dispersions=answers.dispersions,
        recognition=recognition or answers.recognition,
        settings=values,
        columns=table.columns,
    )
    return facts, (*table.doubts, *answers.doubts)


def read_school_records(path: Path, standard: Standard) -> tuple[list[Record], list[Sentence]]:
    """The lines of a school table, and what was left aside: columns nobody knows, totals, notes."""
    headings = column_headings(standard)
    sheet, header, rows = _with_header(path, headings, needed="school")
    columns: dict[int, str] = {}
    unknown = []
    for index, cell in enumerate(header.cells):
        text = plain(str(cell))
        if not text:
            continue
        if text not in headings:
            unknown.append(str(cell))
        elif headings[text] in columns.values():
            raise in_row(
                path.name,
                header.number,
                "有两列都是“{column}”，请只保留一列。",
                "two columns are '{column}'; keep one of them",
                column=headings[text],
            )
        else:
            columns[index] = headings[text]
    doubts = []
    if unknown:
        doubts.append(
            Sentence(
                "未使用的列：{columns}。", "Columns that were not used: {columns}.", {"columns": unknown}
            )
        )
    school = next(index for index, column in columns.items() if column == "school")
    records = []
    for row in rows:
        filled = [index for index in columns if str(row.cell(index)).strip()]
        name = str(row.cell(school)).strip()
        if plain(name) in TOTALS or (len(filled) < 2 and len(columns) > 1):
            doubts.append(
                Sentence(
                    "第{row}行不是学校，已略过：{text}。",
                    "Row {row} is no school and was left out: {text}.",
                    {"row": row.number, "text": name or str(row.cell(filled[0])) if filled else ""},
                )
            )
            continue
        records.append(
            Record(row.number, {column: str(row.cell(index)) for index, column in columns.items()})
        )
    return records, doubts


def read_item_lines(path: Path) -> list[ItemLine]:
    """The lines of the county's file."""
    headings = {plain(word): key for key, spellings in ITEM_HEADINGS.items() for word in spellings}
    _, header, rows = _with_header(path, headings, needed="item")
    places: dict[str, int] = {}
    for index, cell in enumerate(header.cells):
        key = headings.get(plain(str(cell)))
        if key:
            places.setdefault(key, index)
    if "value" not in places:
        allowed = ", ".join(ITEM_HEADINGS["value"])
        raise in_row(
            path.name, header.number, "没有“值”列，可用列名：{allowed}。",
            "no column 'value'; allowed: {allowed}", allowed=allowed,
        )  # fmt: skip
    return [
        ItemLine(
            row.number,
            str(row.cell(places["item"])).strip(),
            str(row.cell(places["value"])).strip(),
            str(row.cell(places["evidence"])).strip() if "evidence" in places else "",
        )
        for row in rows
        if str(row.cell(places["item"])).strip()
    ]


def typed_recognition(text: str) -> Recognition:
    """A recognition rate typed in: 0.872, 87.2 or 87.2%."""
    try:
        number = read_number(text)
    except NotANumber as error:
        raise EvaluationFileError("社会认可度：{why}", "--recognition: {why}", why=error.texts) from error
    if number is not None and number > 1 and not has_percent_sign(text):
        number /= 100
    if number is None or number > 1:
        raise EvaluationFileError(
            "社会认可度填写了“{found}”，应为0.872或87.2%这样的比例。",
            "--recognition: found '{found}'; allowed: a share such as 0.872 or 87.2%",
            found=text,
        )
    return Recognition(number, "typed")


def score_run_recognition(path: Path) -> Recognition:
    """The recognition rate of a frozen score run, or of a result of `score_file`, as JSON.

    Read: estimate, se, unit, verdict (a word, or an object with verdict, lower, upper, n_star), threshold,
    lower_one_sided, upper_one_sided, n_star, reasons, rule, digest; inside `result` if there is one.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EvaluationFileError(
            "{file}不是可读的JSON：{why}",
            "{file}: not readable as JSON: {why}",
            file=path.name,
            why=str(error),
        ) from error
    return recognition_of_run(data, name=path.name)


def recognition_of_run(data: Any, *, name: str) -> Recognition:
    """The same from data in hand; `name` stands for the run in messages."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    run = data.get("result", data) if isinstance(data, dict) else None
    if isinstance(run, dict) and "error" in run:
        return Recognition(None, "score_run", verdict="not_computable", reasons=(str(run["error"]),))
    if not isinstance(run, dict) or "estimate" not in run:
        raise EvaluationFileError(
            "{file}不是计分记录：缺少estimate。",
            "{file}: no score run; expected an object with 'estimate'",
            file=name,
        )
    if run.get("unit", "share") != "share":
        raise EvaluationFileError(
            "{file}的计分单位是“{unit}”；社会认可度应为0到1之间的比例。",
            "{file}: the score run is in {unit}; a recognition rate is a share from 0 to 1",
            file=name,
            unit=run["unit"],
        )
    said: Any = run.get("verdict")
    details = said if isinstance(said, dict) else {"verdict": said}
    word = details.get("verdict")
    if word is not None and word not in WORDS:
        raise EvaluationFileError(
            "{file}的结论是“{word}”，可用：{allowed}。",
            "{file}: the verdict is '{word}'; allowed: {allowed}",
            file=name,
            word=str(word),
            allowed=", ".join(WORDS),
        )
    threshold = _as_fraction(details.get("threshold", run.get("threshold")))
    about = {
        key: str(value)
        for key, value in (("rule", run.get("rule")), ("digest", data.get("digest") or run.get("digest")))
        if value
    }
    return Recognition(
        estimate=_as_fraction(run["estimate"]),
        origin="score_run",
        verdict=word,
        threshold=threshold,
        lower=details.get("lower", run.get("lower_one_sided")),
        upper=details.get("upper", run.get("upper_one_sided")),
        se=run.get("se"),
        n_star=details.get("n_star", run.get("n_star")),
        reasons=tuple(
            str(reason.get("code", reason) if isinstance(reason, dict) else reason)
            for reason in (run.get("reasons") or details.get("reasons") or ())
        ),
        about=about,
    )


def _as_fraction(number: Any) -> Fraction | None:
    """The number as it is written in the file."""
    if isinstance(number, bool) or not isinstance(number, int | float) or number != number:
        return None
    return Fraction(str(number))


def _with_header(path: Path, headings: Mapping[str, str], *, needed: str) -> tuple[Sheet, Row, Iterable[Row]]:
    """The first sheet with a row of headings among its first rows, that row, and the rows below it."""
    try:
        sheets = read_sheets(path.read_bytes(), file_name=path.name, limits=TABLE_LIMITS)
    except OSError as error:
        raise EvaluationFileError(
            "{file}无法读取：{why}", "{file}: cannot be read: {why}", file=str(path), why=error.strerror or ""
        ) from error
    except RosterFileError as error:
        raise EvaluationFileError("{file}：{why}", "{file}: {why}", file=path.name, why=str(error)) from error
    for sheet in sheets:
        for place, row in enumerate(sheet.rows[:HEADER_WITHIN]):
            if any(headings.get(plain(str(cell))) == needed for cell in row.cells):
                return sheet, row, sheet.rows[place + 1 :]
    spellings = [word for word, key in headings.items() if key == needed]
    raise EvaluationFileError(
        "{file}前{rows}行中没有列名“{heading}”，可用：{allowed}。",
        "{file}: no heading '{heading}' in the first {rows} rows; allowed: {allowed}",
        file=path.name,
        rows=HEADER_WITHIN,
        heading=needed,
        allowed=", ".join(spellings),
    )
