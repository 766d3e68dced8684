"""Small counties for tests: tables as a clerk writes them, evaluated through the public functions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.core.management import call_command

from analysis.county_items import ItemLine
from analysis.evaluation_plans import county_facts, find_standard, typed_recognition
from analysis.judging import Evaluation, evaluate
from analysis.school_table import Record
from analysis.standard_parts import Standard

QUALITY = "quality-balance-2017"
SEVEN = {
    "above_degree_per_100": "teachers_above_degree",
    "backbone_per_100": "backbone_teachers",
    "pe_art_per_100": "pe_art_teachers",
    "teaching_area_per_pupil": "teaching_area_m2",
    "sports_area_per_pupil": "sports_area_m2",
    "equipment_per_pupil": "equipment_yuan",
    "multimedia_per_100": "multimedia_rooms",
}
# A primary school of 1000 pupils exactly at every limit.
AT_THE_LIMIT = {
    "pupils": 1000, "classes": 24, "largest_class": 45,
    "teachers_above_degree": 42, "backbone_teachers": 10, "pe_art_teachers": 9, "teaching_area_m2": 4500,
    "sports_area_m2": 7500, "equipment_yuan": 2_000_000, "multimedia_rooms": 23, "music_rooms": 2,
    "art_rooms": 2,
}  # fmt: skip
# A junior school of 1000 pupils exactly at every limit.
JUNIOR_AT_THE_LIMIT = {
    "pupils": 1000, "classes": 20, "largest_class": 50,
    "teachers_above_degree": 53, "backbone_teachers": 10, "pe_art_teachers": 9, "teaching_area_m2": 5800,
    "sports_area_m2": 10_200, "equipment_yuan": 2_500_000, "multimedia_rooms": 24, "music_rooms": 2,
    "art_rooms": 2,
}  # fmt: skip


def primary(name: str, **changes: Any) -> dict[str, Any]:
    """A public primary school exactly at every limit of the quality standard, with changes."""
    return {"school": name, "school_type": "primary", "public": "yes", **AT_THE_LIMIT, **changes}


def junior(name: str, **changes: Any) -> dict[str, Any]:
    return {"school": name, "school_type": "junior", "public": "yes", **JUNIOR_AT_THE_LIMIT, **changes}


def records(schools: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Rows of a table; None is a blank cell."""
    return [
        Record(line, {column: "" if value is None else str(value) for column, value in school.items()})
        for line, school in enumerate(schools, start=2)
    ]


def item_lines(items: Mapping[str, Any]) -> list[ItemLine]:
    return [ItemLine(line, key, str(value)) for line, (key, value) in enumerate(items.items(), start=2)]


def judged(
    schools: Iterable[Mapping[str, Any]],
    *,
    standard: Standard | str = QUALITY,
    items: Mapping[str, Any] | None = None,
    recognition: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Evaluation:
    """The evaluation of a small county."""
    standard = find_standard(standard) if isinstance(standard, str) else standard
    facts, _ = county_facts(
        standard,
        records=records(schools),
        items=item_lines(items or {}),
        recognition=typed_recognition(recognition) if recognition else None,
        settings={key: str(value) for key, value in (settings or {}).items()},
    )
    return evaluate(facts)


def good_items(standard: str = QUALITY) -> dict[str, str]:
    """Answers with which every county item of the quality standard is met."""
    vetoes = {
        "entrance_examinations", "illegal_school_choice", "key_schools", "key_classes", "posts_left_empty",
        "major_safety_case", "discipline_case", "falsification",
    }  # fmt: skip
    found = {}
    for key, item in find_standard(standard).items.items():
        if item.kind == "share":
            found[key] = "100%"
        elif item.kind == "yes_no":
            found[key] = "否" if key in vetoes else "是"
    counts = {"graduates", "entered", "transfer_in", "transfer_out", "died"}
    numbers = {"basic_balance_years": "4", "special_funds_per_pupil": "6000", "monitoring_difference": "0.1"}
    return {key: value for key, value in {**found, **numbers}.items() if key not in counts}


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], *, encoding: str = "utf-8") -> Path:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def evaluate_file(
    folder: Path,
    schools: Sequence[Mapping[str, Any]],
    *,
    standard: str = QUALITY,
    items: Mapping[str, Any] | None = None,
    arguments: Sequence[str] = (),
) -> dict[str, Any]:
    """What the command prints for these rows, as an outsider would call it."""
    call = ["--standard", standard, "--indicators", str(write_csv(folder / "schools.csv", schools)), "--json"]
    if items is not None:
        rows = [{"item": key, "value": value, "evidence": ""} for key, value in items.items()]
        call += ["--county", str(write_csv(folder / "county.csv", rows))]
    out = io.StringIO()
    call_command("evaluate_file", *call, *arguments, stdout=out)
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


def stage_of(result: Mapping[str, Any], school: str, stage: str) -> dict[str, Any]:
    """One school at one stage in the command's answer."""
    found = next(one for one in result["schools"] if one["school"] == school)
    return next(one for one in found["stages"] if one["stage"] == stage)  # type: ignore[no-any-return]


def criterion(result: Mapping[str, Any], key: str) -> dict[str, Any]:
    return next(one for one in result["criteria"] if one["key"] == key)  # type: ignore[no-any-return]
