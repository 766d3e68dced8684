"""What is on file of a school: accepted tables before the roster, by stage, and never a guess."""

from __future__ import annotations

from datetime import timedelta

import pytest

from analysis.fact_checks import number_bounds
from analysis.indicators import store_table, withdraw_table
from analysis.known_statistics import known_statistics, statistics_digest
from analysis.models import IndicatorTable
from analysis.school_table import Record
from surveys.models import RosterImport, RosterUndo, School, Wave
from surveys.questionnaire import instrument_source, read_questionnaire
from tests.analysis.waves import NOON, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
STANDARD = "quality-balance-2017"


@pytest.fixture
def wave() -> Wave:
    """Three primaries of 120 pupils in 4 classes: 30 a class by the roster."""
    return wave_asking(county_with_schools(3), {"parent": 1.0})


def table(wave: Wave, *rows: dict[str, str], year: int = 2026, days: int = 0) -> IndicatorTable:
    records = [Record(line, {"school_type": "小学", **row}) for line, row in enumerate(rows, start=2)]
    return store_table(
        county=wave.county, year=year, level="schools", standard=STANDARD, file_name=f"{year}.xlsx",
        records=records, by=None, now=NOON + timedelta(days=days),
    )  # fmt: skip


def class_size(wave: Wave, school: str, stage: str = "primary"):
    return known_statistics(wave)["average_class_size"].of(school, stage)


def test_roster_gives_pupils_by_class_and_says_when_it_was_imported(wave):
    RosterImport.objects.create(
        county=wave.county, file_name="名册.xlsx", sha256="", size_bytes=1, at=NOON, added=3, changed=0,
        unchanged=0, missing=0, residents_changed=0, rows_left_out=0,
    )  # fmt: skip
    known = known_statistics(wave)
    assert known["average_class_size"].of("S001", "primary") == (30, 30)
    ((source, schools),) = known["average_class_size"].sources
    assert (source.table_id, source.at, source.file_name, schools) == (None, NOON, "名册.xlsx", 3)
    assert known.keys() == {"average_class_size"}


def test_accepted_table_goes_before_the_roster_and_the_roster_fills_what_it_lacks(wave):
    kept = table(wave, {"school": "第1小学", "code": "S001", "pupils": "168", "classes": "4"})
    assert class_size(wave, "S001") == (42, 42) and class_size(wave, "S002") == (30, 30)
    sources = known_statistics(wave)["average_class_size"].sources
    assert [(one.table_id, one.year, count) for one, count in sources] == [
        (kept.pk, 2026, 1),
        (None, None, 2),
    ]
    withdraw_table(kept, by=None, reason="wrong file")
    assert class_size(wave, "S001") == (30, 30)


def test_largest_class_widens_what_is_known_upwards(wave):
    row = {"school": "第1小学", "pupils": "168", "classes": "4", "largest_class": "55"}
    table(wave, row)
    assert class_size(wave, "S001") == (42, 55)


def test_newest_table_of_the_waves_year_goes_before_older_ones_and_much_older_ones_are_not_used(wave):
    table(wave, {"school": "第1小学", "average_class_size": "37"}, year=2024)
    assert class_size(wave, "S001") == (30, 30)
    table(wave, {"school": "第1小学", "average_class_size": "38"}, year=2025)
    assert class_size(wave, "S001") == (38, 38)
    table(wave, {"school": "第1小学", "average_class_size": "39"}, year=2026)
    table(wave, {"school": "第1小学", "average_class_size": "41"}, year=2026, days=1)
    assert class_size(wave, "S001") == (41, 41)
    table(wave, {"school": "第1小学", "average_class_size": "44"}, year=2027)
    assert class_size(wave, "S001") == (41, 41)


def test_means_of_training_and_homework_come_from_columns_of_their_names(wave):
    table(wave, {"school": "第2小学", "training_hours_per_year": "63.5", "homework_minutes": "47"})
    known = known_statistics(wave)
    assert known["training_hours_per_year"].of("S002", "") == (63.5, 63.5)
    assert known["homework_minutes"].of("S002", "primary") == (47, 47)
    assert known["homework_minutes"].of("S001", "primary") is None


def test_school_of_two_stages_is_known_by_stage_and_the_roster_says_nothing_of_it(wave):
    School.objects.filter(code="S003").update(stage="nine_year", pupils_by_grade={"1": 90, "7": 110})
    assert class_size(wave, "S003") is None
    rows = [
        {"school": "第3小学", "school_type": "九年一贯制", "stage": "小学", "pupils": "90", "classes": "3"},
        {"school": "第3小学", "school_type": "九年一贯制", "stage": "初中", "pupils": "110", "classes": "2"},
    ]
    table(wave, *rows)
    assert class_size(wave, "S003", "primary") == (30, 30)
    assert class_size(wave, "S003", "junior") == (55, 55)
    assert class_size(wave, "S003", "") == (30, 55)  # a teacher, who says no grade
    table(wave, rows[0], days=1)
    assert class_size(wave, "S003", "junior") is None and class_size(wave, "S003", "") is None


def test_row_of_a_name_that_two_schools_share_is_nobodys(wave):
    School.objects.filter(code="S002").update(name="第1小学")
    table(wave, {"school": "第1小学", "average_class_size": "60"})
    assert class_size(wave, "S001") == (30, 30) and class_size(wave, "S002") == (30, 30)


def test_what_was_found_is_looked_at_anew_when_a_table_or_the_roster_changes(wave):
    seen = {statistics_digest(wave)}
    kept = table(wave, {"school": "第1小学", "average_class_size": "41"})
    seen.add(statistics_digest(wave))
    School.objects.filter(code="S002").update(classes=3)
    seen.add(statistics_digest(wave))
    assert len(seen) == 3
    withdraw_table(kept, by=None, reason="wrong file")
    assert statistics_digest(wave) not in seen


def test_options_and_bands_stand_for_the_numbers_that_they_print():
    student = {
        item.name: item for item in read_questionnaire(instrument_source("student"), name="student").items
    }
    staff = {item.name: item for item in read_questionnaire(instrument_source("staff"), name="staff").items}
    homework = number_bounds(student["homework"], whole=False)
    assert homework["none"] == (0, 0) and homework["to_60"] == (0, 60)
    assert homework["to_90"] == (60, 90) and homework["over_120"] == (120, float("inf"))
    assert number_bounds(student["class_size"], whole=True)["to_50"] == (46, 50)
    training = number_bounds(staff["training_hours"], whole=False)
    assert (training["none"], training["to_36"], training["over_120"]) == ((0, 0), (0, 36), (120, 1000))
    assert number_bounds(student["grade_band"], whole=False) == {}


def test_import_that_was_undone_is_not_where_the_roster_comes_from(wave):
    kept, undone = (
        RosterImport.objects.create(
            county=wave.county, file_name=name, sha256="", size_bytes=1, at=NOON + timedelta(days=days),
            added=3, changed=0, unchanged=0, missing=0, residents_changed=0, rows_left_out=0,
        )
        for days, name in enumerate(("名册.xlsx", "传错的名册.xlsx"))
    )  # fmt: skip
    RosterUndo.objects.create(of=undone, reason="传错了文件", at=NOON + timedelta(days=2))
    ((source, _schools),) = known_statistics(wave)["average_class_size"].sources
    assert (source.file_name, source.at) == (kept.file_name, NOON)
