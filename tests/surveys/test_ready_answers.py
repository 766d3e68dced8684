"""Ready-made answers come in whole or not at all, never twice, and count exactly as the file says."""

import gzip
import time
from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from surveys.answer_columns import ColumnMap, ColumnMapError, read_column_map
from surveys.audiences import AUDIENCES
from surveys.models import Collector, Response, Wave, WaveEvent
from surveys.queries import tally_frame
from surveys.ready_answers import AnswersRefused, import_answers
from surveys.tallies import check_tallies
from surveys.verification import verify_wave
from surveys.waves import close_wave
from tests.surveys.builders import make_county, make_school, open_wave_for
from tests.surveys.county_a import (
    DATA,
    NOW,
    add_county_a_controls,
    import_county_a_answers,
    load_county_a,
    open_county_a,
    rows_of,
)
from tests.surveys.roster_files import csv_bytes, xlsx_bytes

pytestmark = pytest.mark.django_db
TOPICS = (
    "moral_education", "fair_policy", "shared_resources", "school_conduct", "quality_oriented", "exam_reform",
    "teaching_quality", "workload", "overall",
)  # fmt: skip


SCALE = "satisfied, rather_satisfied, basically_satisfied, dissatisfied, dont_know"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def wave() -> Wave:
    """Parents of two schools are asked with the community form."""
    county = make_county()
    make_school(county, name="第一小学")
    make_school(county, name="第二小学")
    return open_wave_for(county)


def code_of(wave: Wave, number: int = 0) -> str:
    return wave.county.schools.order_by("pk")[number].code


def answers(wave: Wave, *changes: dict, **columns: str) -> list[list[str]]:
    """A header and one row per dict of changes, satisfied throughout."""
    row = {"respondent": "", "audience": "parent", "school": code_of(wave), "grade_band": "g1_3"}
    row |= dict.fromkeys(TOPICS, "satisfied") | columns
    rows = [{**row, "respondent": f"R{number}", **change} for number, change in enumerate(changes, start=1)]
    headings = list(dict.fromkeys(heading for one in rows for heading in one))
    return [headings, *([one.get(heading, "") for heading in headings] for one in rows)]


def bring(wave: Wave, rows: list[list[str]], **options):
    return import_answers(
        wave, csv_bytes(rows), file_name="answers.csv", by=None, **{"now": datetime.now(UTC), **options}
    )


def refused(wave: Wave, rows: list[list[str]], **options) -> list[str]:
    before = Response.objects.count(), Collector.objects.count(), WaveEvent.objects.count()
    with pytest.raises(AnswersRefused) as refusal:
        bring(wave, rows, **options)
    assert (Response.objects.count(), Collector.objects.count(), WaveEvent.objects.count()) == before
    return list(refusal.value.problems)


def test_the_reference_county_comes_in_whole_and_counts_as_its_file_says():
    wave = open_county_a()
    began = time.monotonic()
    done = import_county_a_answers(wave)
    assert time.monotonic() - began < 30
    rows = rows_of("county_a")
    assert done.stored == len(rows) == 12_054
    assert done.by_audience == dict(Counter(row["audience"] for row in rows))
    assert (done.repeated, done.left_out, done.without_column) == (0, {}, ())
    frame = tally_frame(wave)
    for item in ("q1", "q8"):
        told = Counter((row["audience"], row["class"], row["school"], row[item]) for row in rows)
        counted: Counter = Counter()
        for cell, counts in zip(frame.cells.itertuples(), frame.counts[item], strict=True):
            for code, count in zip(frame.codes[item], counts, strict=True):
                written = "" if code == "no_answer" else code
                counted[cell.audience, cell.location, cell.school, written] += int(count)
        assert +counted == told
    assert set(Response.objects.values_list("source", flat=True)) == {"imported"}
    assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()


def test_the_reference_county_again_stores_nothing_twice():
    wave = load_county_a()
    before = tally_frame(wave)
    done = import_county_a_answers(wave)
    after = tally_frame(wave)
    assert (done.stored, done.repeated) == (0, 12_054)
    assert Response.objects.count() == 12_054
    assert all(np.array_equal(before.counts[item], after.counts[item]) for item in before.counts)


def test_the_reference_controls_are_those_of_its_strata():
    wave = open_county_a()
    add_county_a_controls(wave)
    assert wave.population_controls.count() == 189
    assert sum(wave.population_controls.values_list("people", flat=True)) == 277_526


def test_the_command_reads_a_packed_file_and_a_map(tmp_path, capsys):
    wave = open_county_a()
    columns = tmp_path / "columns.toml"
    columns.write_text('[items]\nlocation = "class"\n[codes.grade_band]\nnone = ""\n', encoding="utf-8")
    file = tmp_path / "some.csv.gz"
    with gzip.open(DATA / "county_a.csv.gz", "rb") as packed:
        file.write_bytes(gzip.compress(b"".join(packed.readlines()[:301])))
    call_command("import_answers", str(file), "--wave", str(wave.pk), "--columns", str(columns))
    assert "300 replies imported, 0 were there already" in capsys.readouterr().out
    assert Response.objects.count() == 300


def test_answers_of_every_kind_are_kept(wave):
    bring(
        wave,
        answers(
            wave,
            {"school": code_of(wave, 1), "class_size": "to_50", "workload": "dissatisfied",
             "burden": "exams; homework", "improve.workload": "yes", "improve.nothing": "no",
             "comment": "作业太多👍", "seconds": "93", "received_at": "2026-09-18 20:15"},
        ),
    )  # fmt: skip
    stored = Response.objects.get()
    table = wave.audiences.get().version.table
    given = table.decode(bytes(stored.choices))
    assert {name: given[name] for name in ("grade_band", "class_size", "workload", "overall")} == {
        "grade_band": "g1_3", "class_size": "to_50", "workload": "dissatisfied", "overall": "satisfied",
    }  # fmt: skip
    assert (given["burden.exams"], given["burden.homework"], given["burden.tutoring"]) == ("yes", "yes", "no")
    assert (given["improve.workload"], given["improve.exam_reform"]) == ("yes", "no")
    assert stored.texts == '{"comment": "作业太多👍"}'
    assert stored.collector.school.code == code_of(wave, 1)
    assert stored.received_at == datetime(2026, 9, 18, 12, 10, tzinfo=UTC)
    assert (stored.seconds, stored.source, stored.stratum) == (90, "imported", "grade_band=g1_3")


def test_a_spreadsheet_reads_like_text(wave):
    content = xlsx_bytes({"答卷": answers(wave, {}, {})})
    done = import_answers(wave, content, file_name="a.xlsx", by=None, now=datetime.now(UTC))
    assert done.stored == 2


def test_every_unknown_entry_is_named_and_nothing_is_stored(wave):
    rows = answers(
        wave,
        {},
        {"audience": "家长们"},
        {"school": "S99999"},
        {"school": ""},
        {"overall": "very good"},
        {"grade_band": "g10", "workload": "x"},
        {"received_at": "yesterday"},
        {"language": "fr"},
        {"improve.nothing": "1"},
    )
    assert refused(wave, rows) == [
        "Row 3: found the audience “家长们”; the wave asks: parent.",
        "Row 4: nobody of the audience “parent” is asked at a school “S99999”.",
        "Row 5: the audience “parent” is asked at schools; give the school's code.",
        f"Row 6: “overall” is “very good”; allowed: {SCALE}.",
        "Row 7: “grade_band” is “g10”; allowed: g1_3, g4_6, g7_9.",
        f"Row 7: “workload” is “x”; allowed: {SCALE}.",
        "Row 8: “yesterday” is no time in the past; write it as 2026-09-18 20:15.",
        "Row 9: found the language “fr”; allowed: zh-hans, en.",
        "Row 10: “improve.nothing” is “1”; allowed: yes, no.",
    ]


def test_a_respondent_who_stands_twice_in_a_file_is_named(wave):
    assert refused(wave, answers(wave, {}, {}, {"respondent": "R1"})) == [
        "Row 4: the respondent “R1” stands in row 2 already."
    ]


def test_a_column_that_means_nothing_is_named_unless_it_is_ignored(wave):
    rows = answers(wave, {"remarks": "x"})
    problem = "Nothing is known of the column “remarks”: map it to an item, or ignore it."
    assert refused(wave, rows) == [problem]
    assert bring(wave, rows, columns=ColumnMap(ignore=("remarks",))).stored == 1


def test_a_map_that_does_not_fit_is_named(wave):
    columns = ColumnMap(parts={"school": "Schule"}, items={"q99": "overall"})
    assert refused(wave, answers(wave, {}), columns=columns) == [
        "The map names a column “Schule” that the file does not have.",
        "Nothing is known of the column “school”: map it to an item, or ignore it.",
        "The map names “q99”, but no questionnaire of the wave asks it.",
    ]


def test_a_corrected_file_of_the_same_source_stores_only_what_is_new(wave):
    bring(wave, answers(wave, {}, {}), source_name="纸质问卷")
    done = bring(wave, answers(wave, {}, {"overall": "dissatisfied"}, {}), source_name="纸质问卷")
    assert (done.stored, done.repeated) == (1, 2)
    assert bring(wave, answers(wave, {}, {}), source_name="另一批").stored == 2


def test_rows_without_a_respondent_are_known_by_their_place_in_the_file(wave):
    rows = [row[1:] for row in answers(wave, {}, {})]
    assert bring(wave, rows).stored == 2
    assert bring(wave, rows).repeated == 2


def test_answers_nobody_was_asked_for_are_left_out_and_counted(wave):
    done = bring(wave, answers(wave, {"location": "rural"}, {"burden": "exams"}))
    assert done.left_out == {"location": 1, "burden": 1}


@pytest.mark.parametrize("seconds", ["", "nan", "inf", "-3", "soon", "9" * 400])
def test_a_nonsense_duration_is_no_duration(wave, seconds):
    bring(wave, answers(wave, {}, seconds=seconds))
    assert Response.objects.get().seconds is None


def test_blank_answers_are_no_answers(wave):
    bring(wave, answers(wave, {"overall": "", "comment": ""}))
    stored = Response.objects.get()
    assert wave.audiences.get().version.table.decode(bytes(stored.choices))["overall"] == "no_answer"
    assert stored.texts == ""


@pytest.mark.parametrize("audience", ["resident", "deputy"])
def test_people_without_a_school_are_asked_in_their_township_or_county(audience):
    county = make_county()
    make_school(county)
    wave = open_wave_for(county, audience=audience)
    rows = answers(wave, {"school": ""}, audience=audience, grade_band="", location="rural")
    done = bring(wave, rows)
    collector = Response.objects.get().collector
    assert (collector.school, collector.township) == (None, None)
    assert done.new_collectors == (1 if AUDIENCES[audience].scope == "township" else 0)
    assert bring(wave, rows, source_name="again").new_collectors == 0


def test_residents_of_a_township_are_counted_there():
    county = make_county()
    make_school(county)
    wave = open_wave_for(county, audience="resident")
    place = {"school": "", "township": "城关镇"}
    rows = answers(wave, place, audience="resident", grade_band="", location="town")
    assert bring(wave, rows).new_collectors == 0
    assert Response.objects.get().collector.township.name == "城关镇"


def test_a_wave_that_is_not_open_takes_nothing(wave):
    close_wave(wave, by=None, now=NOW)
    assert refused(wave, answers(wave, {})) == [f"The wave “{wave.name}” is closed; open it again first."]


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b"\x1f\x8b\x08 broken", "damaged"), (b"audience,school,overall\n", "no answers")],
)
def test_a_file_without_answers_is_refused(wave, content, says):
    with pytest.raises(AnswersRefused, match=says):
        import_answers(wave, content, file_name="a", by=None, now=NOW)


def test_the_import_is_on_the_waves_record(wave):
    bring(wave, answers(wave, {}, {}), source_name="纸质问卷")
    event = WaveEvent.objects.get(wave=wave, action="answers_imported")
    detail = event.detail
    assert (detail["file"], detail["source"], detail["stored"]) == ("answers.csv", "纸质问卷", 2)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("items = 3", "m.toml, items: found 3; expected a table"),
        ('whom = "x"', "unknown key 'whom'"),
        ("[codes.overall]\nx = 5", "codes.overall.x: found 5; expected a text in quotes"),
        ("[items", "m.toml: not readable as TOML"),
    ],
)
def test_a_map_that_cannot_be_read_is_refused_with_its_place(source, says):
    with pytest.raises(ColumnMapError, match=says):
        read_column_map(source, name="m.toml")


def test_the_command_names_everything_and_ends_with_an_error(wave, tmp_path, capsys):
    file = tmp_path / "answers.csv"
    file.write_bytes(csv_bytes(answers(wave, {"overall": "x"})))
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("import_answers", str(file), "--wave", str(wave.pk))
    assert "Row 2: “overall” is “x”" in capsys.readouterr().err
    with pytest.raises(CommandError, match="There is no wave 99"):
        call_command("import_answers", str(file), "--wave", "99")
