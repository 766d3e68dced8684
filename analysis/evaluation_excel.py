"""A frozen evaluation as one workbook to send up: a sheet per area, schools, shortfalls, plan, sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.evaluation_reading import (
    Result,
    dispersion_lines,
    indicator_names,
    is_typed,
    name_and_code,
    names_of,
    school_lines,
    standard_of_evaluation,
)
from analysis.evaluation_remarks import dispersion_remark, setting_word
from analysis.evaluation_sheets import Cell, Column, Workbook
from analysis.models import Evaluation
from analysis.standard_parts import Standard
from analysis.templatetags.evaluation import reader_language, source_of, stage_word, texts, verdict_word


def evaluation_workbook(evaluation: Evaluation) -> bytes:
    """The .xlsx file, in the reader's language. Figures are the unrounded ones of the result."""
    result, standard = evaluation.result, standard_of_evaluation(evaluation)
    title = f"{evaluation.county.name} {evaluation.year} {evaluation.get_stage_display()}"
    book = Workbook(title)
    book.add(_("Verdict"), [Column("", 26), Column("", 90)], _overview(evaluation, result))
    for area in result["areas"]:
        book.add(texts(area["name"]), _area_columns(), _area_rows(area, result, standard))
    if result["schools"]:
        keys = _indicator_keys(result)
        columns = _school_columns(indicator_names(keys, standard, language=reader_language()))
        book.add(_("Schools"), columns, _school_rows(result, standard, keys))
    if result["dispersions"]:
        book.add(_("Coefficients"), _dispersion_columns(), _dispersion_rows(result, standard))
    book.add(_("Shortfalls"), _shortfall_columns(), _shortfall_rows(result, standard))
    book.add(_("Plan to pass"), _plan_columns(), _plan_rows(result, standard))
    book.add(_("Sources"), [Column(_("What"), 34), Column(_("Value"), 40), Column(_("Source"), 80)],
             _source_rows(evaluation, result, standard))  # fmt: skip
    return book.content()


def _overview(evaluation: Evaluation, result: Result) -> Iterator[Sequence[Any]]:
    yield _("Name of the county"), evaluation.county.name
    yield _("Year"), Cell(evaluation.year, "text")
    yield _("Stage"), evaluation.get_stage_display()
    yield _("Standard"), texts(result["standard"]["name"])
    yield _("Verdict"), verdict_word(result["verdict"])
    yield _("Finding"), texts(result["sentence"])
    for area in result["areas"]:
        yield texts(area["name"]), verdict_word(area["verdict"])
    if is_typed(result):
        source = evaluation.typed_recognition_source or _("the table of the county's items")
        yield _("Social recognition rate"), _("Typed in from elsewhere: %(source)s") % {"source": source}
    elif evaluation.score_run:
        yield (
            _("Social recognition rate"),
            _("From a frozen score run: %(wave)s") % {"wave": evaluation.score_run.wave.name},
        )
    if result["outlook"]:
        yield _("Chance that recognition reaches its limit"), Cell(result["outlook"]["recognition"], "share")
        yield _("Chance that the county passes"), Cell(result["outlook"]["county"], "share")
    yield _("Evaluated"), f"{timezone.localtime(evaluation.at):%Y-%m-%d %H:%M} {evaluation.by or ''}".strip()
    yield _("Digest"), evaluation.digest
    yield "", _("The county's own measurement in preparation; the ministry's evaluation is another one.")


def _area_columns() -> list[Column]:
    return [
        Column(_("No."), 7), Column(_("Criterion"), 34), Column(_("Role"), 10), Column(_("Verdict"), 11),
        Column(_("Finding"), 56), Column(_("Value"), 12, "number"), Column(_("Limit"), 12, "number"),
        Column(_("Unit"), 9), Column(_("Evidence"), 30), Column(_("Responsible department"), 16),
        Column(_("Source"), 34),
    ]  # fmt: skip


def _area_rows(area: Result, result: Result, standard: Standard) -> Iterator[Sequence[Any]]:
    """Every criterion, and below it its parts where there are several."""
    criteria = {one["key"]: one for one in result["criteria"]}
    roles = {"gate": _("gate"), "veto": _("veto"), "reference": _("for reference"), "judged": ""}
    for one in (criteria[key] for key in area["criteria"]):
        yield (
            one["number"], texts(one["name"]), roles.get(one["role"], ""), verdict_word(one["verdict"]),
            texts(one["sentence"]), *_figure(one), "；".join(one["evidence"]),
            texts(one.get("department")), source_of(one),
        )  # fmt: skip
        for part, depth in _parts_of(one):
            named = texts(part["name"]) or (
                part["key"].upper() if one["kind"] == "points" else texts(one["name"])
            )
            stage = f"（{stage_word(part['stage'])}）" if part["stage"] else ""
            yield (
                "", f"{'— ' * depth}{named}{stage}", "", verdict_word(part["verdict"]),
                texts(part["sentence"]), *_figure(part), "；".join(part["evidence"]), "", "",
            )  # fmt: skip


def _parts_of(one: Result, depth: int = 1) -> Iterator[tuple[Result, int]]:
    """The parts of a criterion and theirs (a tree of points), with their depth; one alone says no more."""
    parts = one.get("parts", ())
    for part in parts:
        if len(parts) > 1 or part.get("parts"):
            yield part, depth
            yield from _parts_of(part, depth + 1)


def _figure(one: Result) -> tuple[Any, Any, str]:
    """Value, limit and unit: shares as per cent."""
    if one["unit"] == "share":
        return Cell(one["value"], "share"), Cell(one["limit"], "share"), ""
    return one["value"], one["limit"], texts(one["unit"])


def _indicator_keys(result: Result) -> list[str]:
    """The indicators that schools were judged by, in the order of the standard."""
    found: dict[str, None] = {}
    for school in result["schools"]:
        for part in (school, *school["stages"]):
            for finding in part["findings"]:
                found |= dict.fromkeys(one["key"] for one in finding.get("indicators", ()))
    return list(found)


def _school_columns(indicators: Sequence[str]) -> list[Column]:
    return [
        Column(_("School code"), 12), Column(_("School"), 28), Column(_("School stage"), 8),
        Column(_("Pupils"), 9, "count"), Column(_("Verdict"), 11),
        *(Column(name, 13, "number") for name in indicators),
        Column(_("Missed"), 44), Column(_("What is lacking"), 48), Column(_("Not counted because"), 26),
    ]  # fmt: skip


def _school_rows(result: Result, standard: Standard, keys: Sequence[str]) -> Iterator[Sequence[Any]]:
    names = {one["key"]: texts(one["name"]) for one in result["criteria"]}
    for line in school_lines(result, standard, language=reader_language()):
        # What holds for the whole school stands in the row of its only stage, or in a row of its own.
        whole = [part for part in line.parts if not part.stage]
        stages = [part for part in line.parts if part.stage]
        rows = [[*stages, *whole]] if len(stages) < 2 else [[part] for part in line.parts]
        for parts in rows:
            findings = [finding for part in parts for finding in part.findings]
            values = {one["key"]: one["value"] for f in findings for one in f.get("indicators", ())}
            missed = [
                f"{names[one['criterion']]}：{texts(one['sentence'])}"
                for one in findings
                if one["verdict"] != "met"
            ]
            verdict = line.verdict if len(rows) == 1 else parts[0].verdict
            yield (
                line.code, line.name, stage_word(parts[0].stage), parts[0].pupils, verdict_word(verdict),
                *(values.get(key) for key in keys), "\n".join(missed),
                "；".join(part.lacking for part in parts if part.lacking),
                next((part.excluded for part in parts if part.excluded), ""),
            )  # fmt: skip


def _dispersion_columns() -> list[Column]:
    return [
        Column(_("Indicator"), 38), Column(_("School stage"), 9), Column(_("Verdict"), 11),
        Column(_("Coefficient"), 13, "number"), Column(_("Limit"), 9, "number"),
        Column(_("County mean"), 13, "number"), Column(_("Standard deviation"), 13, "number"),
        Column(_("Schools"), 9, "count"), Column(_("Pupils"), 11, "count"), Column(_("Remark"), 28),
    ]  # fmt: skip


def _dispersion_rows(result: Result, standard: Standard) -> Iterator[Sequence[Any]]:
    for one in dispersion_lines(result):
        yield (
            texts(one["name"]), stage_word(one["stage"]), verdict_word(one["verdict"]), one["cv"],
            one["limit"], one["mean"], one["sd"], one["schools"], one["pupils"],
            dispersion_remark(one, standard),
        )  # fmt: skip
    for one in result["composites"]:
        yield (_("Composite"), stage_word(one["stage"]), "", one["value"], *[None] * 5,
               _("plain mean of the coefficients"))  # fmt: skip


def _shortfall_columns() -> list[Column]:
    return [
        Column(_("School code"), 12), Column(_("School"), 28), Column(_("School stage"), 8),
        Column(_("Criterion"), 34), Column(_("What"), 30), Column(_("Lacking to the limit"), 12, "count"),
        Column(_("Unit"), 8), Column(_("Lacking to the floor"), 12, "count"),
        Column(_("Cost in yuan"), 15, "yuan"), Column(_("Remark"), 24),
    ]  # fmt: skip


def _shortfall_rows(result: Result, standard: Standard) -> Iterator[Sequence[Any]]:
    names = {one["key"]: texts(one["name"]) for one in result["criteria"]}
    found = [
        (*reversed(name_and_code(school["school"])), stage, one)
        for school in result["schools"]
        for stage, part in (("", school), *((each["stage"], each) for each in school["stages"]))
        for one in part["shortfalls"]
    ]
    for code, name, stage, one in sorted(found, key=lambda row: row[:3]):
        remark = _("too many, not too few") if one["is_surplus"] else ""
        if one["of_whole_school"]:
            remark = _("to add for the whole school")
        yield (
            code, name, stage_word(stage), names[one["criterion"]],
            texts(standard.columns[one["column"]].name), one["add"], texts(one["unit"]), one["add_to_floor"],
            one["cost_yuan"], remark,
        )  # fmt: skip


def _plan_columns() -> list[Column]:
    return [
        Column(_("For"), 34), Column(_("School code"), 12), Column(_("School"), 28),
        Column(_("School stage"), 8), Column(_("What"), 30), Column(_("To add"), 12, "count"),
        Column(_("Unit"), 8), Column(_("May stay between floor and limit"), 36),
        Column(_("Cost in yuan"), 15, "yuan"),
    ]  # fmt: skip


def _plan_rows(result: Result, standard: Standard) -> Iterator[Sequence[Any]]:
    """Schools first, then the smallest additions for each coefficient above its limit, then the totals."""
    planned, language = result["plan"], reader_language()

    def what(key: str, units: int) -> tuple[str, int, str]:
        return texts(standard.columns[key].name), units, texts(standard.columns[key].unit)

    def where(school: str, stage: str) -> tuple[str, str, str]:
        return *reversed(name_and_code(school)), stage_word(stage)

    for one in sorted(planned["schools"], key=lambda each: where(each["school"], each["stage"])):
        left = "、".join(indicator_names(one["left_below_limit"], standard, language=language))
        costs = [one["cost_yuan"]] + [None] * len(one["add"])
        for (key, units), cost in zip(one["add"].items(), costs, strict=False):
            yield _("school passes"), *where(one["school"], one["stage"]), *what(key, units), left, cost
    for one in planned["dispersions"]:
        indicator = standard.indicators[one["indicator"]]
        name = _("coefficient: %(name)s") % {"name": texts(indicator.name)}
        for school, units in sorted(one["add"].items(), key=lambda each: where(each[0], "")):
            yield name, *where(school, one["stage"]), *what(indicator.amounts[0], units), "", None
    for key, units in sorted(planned["totals"].items()):
        yield _("total"), "", "", "", *what(key, units), "", None
    if planned["cost_yuan"] is not None:
        yield _("total"), "", "", "", _("Cost"), None, "", "", planned["cost_yuan"]


def _source_rows(evaluation: Evaluation, result: Result, standard: Standard) -> Iterator[Sequence[Any]]:
    yield _("Standard"), texts(result["standard"]["name"]), source_of(result["standard"])
    yield _("Standard's file (SHA-256)"), evaluation.standard_digest, ""
    tables = ((_("School table"), evaluation.school_table), (_("County's items"), evaluation.county_table))
    for name, table in tables:
        if table:
            at = f"{timezone.localtime(table.at):%Y-%m-%d %H:%M}"
            yield (
                name,
                f"{table.file_name} ({at}{', ' + str(table.by) if table.by else ''})",
                table.file_sha256,
            )
    for key, setting in standard.settings.items():
        value = result["settings"].get(key)
        word = setting_word(setting, value) if isinstance(value, str) else value
        yield texts(setting.name), _("left open") if value is None else word, texts(setting.source)
    for column, price in evaluation.prices_yuan.items():
        yield _("Unit price: %(name)s") % {"name": texts(standard.columns[column].name)}, price, ""
    for name in names_of(result["missing"], standard, language=reader_language()):
        yield _("Missing figure"), name, ""
    for doubt in result["doubts"]:
        yield _("Doubt"), texts(doubt), ""
    yield _("Seed of the simulation"), Cell(evaluation.seed, "text"), ""
    yield _("Program"), evaluation.program_version, ""
    for one in result["criteria"]:
        yield texts(one["name"]), "", source_of(one)
