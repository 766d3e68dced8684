"""Answers against statistics on file: every audience and fact, one kind of signal, and no school accused over
a figure that is old."""

from __future__ import annotations

import random
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from analysis.answer_quality import answer_quality
from analysis.fact_checks import number_bounds
from analysis.indicators import store_table
from analysis.known_statistics import STATISTICS
from analysis.measured_signals import MEASURED, MEASURED_FACTS, OLD_FILE, REVIEW, ROWS
from analysis.school_table import Record
from bench.simulated_facts import FACTS
from surveys.intake import Submission, commit_batch
from surveys.models import Wave
from surveys.questionnaire import instrument_source, read_questionnaire
from tests.analysis.test_answer_quality import STEPS
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
SCHOOLS, EACH = 10, 30
THIRTY = "to_45"  # the band of the 30 pupils that every class has by the roster


def reply(wave: Wave, audience: str, number: int, facts: Sequence[dict[str, str]], *, took: int = 0) -> None:
    """One honest, varied reply of one school per dict of facts, between 70 and 240 seconds each."""
    chance = random.Random(f"{audience}{number}")
    collector = wave.collectors.select_related("school", "wave").get(
        audience=audience, school__code=f"S{number:03}"
    )
    table = wave.audiences.get(audience=audience).version.table
    scales = [item.name for item in table.questionnaire.items_for(audience) if item.type == "scale"]
    grades = {} if audience == "teacher" else {"grade_band": "g4_6"}
    submissions = []
    for given in facts:
        answers = {item: chance.choices(STEPS, (5, 3, 1, 1, 0.5))[0] for item in scales}
        sheet = table.encode(answers | grades | given, audience=audience)
        assert not sheet.problems
        submissions.append(
            Submission(
                collector=collector, table=table, submission_id=secrets.token_bytes(16),
                choices=sheet.choices, texts="", stratum=sheet.stratum, language="zh-hans",
                received_at=NOON + timedelta(minutes=chance.randint(0, 2000)),
                seconds=took or chance.randint(70, 240),
            )
        )  # fmt: skip
    commit_batch(submissions)


def waved(*audiences: str) -> Wave:
    return wave_asking(county_with_schools(SCHOOLS), {one: round(1 / len(audiences), 4) for one in audiences})


def fill(wave: Wave, audience: str, honest: dict[str, str], *, but: dict[int, list[dict[str, str]]]) -> None:
    """EACH honest replies at every school; `but`: school → the facts of its first replies instead."""
    for number in range(1, SCHOOLS + 1):
        other = but.get(number, [])
        reply(wave, audience, number, other + [honest] * (EACH - len(other)))


def on_file(wave: Wave, **columns: str) -> None:
    """An accepted school table of the wave's year with these figures for every school."""
    records = [
        Record(n + 1, {"school": f"第{n}小学", "school_type": "小学", **columns})
        for n in range(1, SCHOOLS + 1)
    ]
    store_table(
        county=wave.county, year=2026, level="schools", standard="quality-balance-2017",
        file_name="学校表.xlsx", records=records, by=None, now=NOON,
    )  # fmt: skip


def seen(wave: Wave) -> dict[tuple[str, str], int]:
    """(audience, statistic) → schools where many contradict it."""
    return {
        (one.audience, one.fact): one.seen
        for one in answer_quality(wave).signals
        if one.name == "many_contradictions"
    }


def page(wave: Wave, *, by: Client | None = None) -> str:
    return text((by or signed_in(wave.county)).get(f"/desk/waves/{wave.pk}/quality/"))


def ended(wave: Wave) -> Wave:
    return close(wave, now=NOON + timedelta(days=3))


def test_a_part_of_a_school_that_contradicts_is_a_signal_and_lists_nobody_alone():
    wave = waved("parent")
    fill(wave, "parent", {"class_size": THIRTY}, but={3: [{"class_size": "over_65"}] * 14})
    ended(wave)
    assert seen(wave) == {("parent", "average_class_size"): 1}
    assert answer_quality(wave).schools == ()


def test_with_a_second_kind_the_school_is_listed_and_the_sentence_names_fact_and_trap():
    wave = waved("parent")
    fill(wave, "parent", {"class_size": THIRTY}, but={3: [{"class_size": "over_65"}] * 14})
    reply(wave, "parent", 3, [{}] * 20, took=15)
    ended(wave)
    (listed,) = answer_quality(wave).schools
    assert (listed.school, listed.kinds) == ("S003", ("facts", "pace"))
    said = page(wave)
    assert "14 replies contradict what is on file (class size); up to 4.5 would be usual." in said
    assert "Honest explanation: what is on file is old or wrong." in said


def test_two_contradicted_statistics_are_two_signals_of_one_kind():
    wave = waved("student")
    on_file(wave, homework_minutes="150")
    told = [{"class_size": "over_65", "homework": "none"}] * 14
    fill(wave, "student", {"class_size": THIRTY, "homework": "over_120"}, but={3: told})
    ended(wave)
    assert seen(wave) == {("student", "average_class_size"): 1, ("student", "homework_minutes"): 1}
    assert answer_quality(wave).schools == ()


def test_teachers_are_held_against_training_hours_but_never_for_having_had_fewer():
    wave = waved("teacher")
    on_file(wave, training_hours_per_year="40")
    honest = {"class_size": THIRTY, "training_hours": "to_36"}
    fill(wave, "teacher", honest, but={
        3: [honest | {"training_hours": "over_120"}] * 14, 5: [honest | {"training_hours": "none"}] * 14,
    })  # fmt: skip
    ended(wave)
    assert seen(wave)["teacher", "training_hours_per_year"] == 1
    (use,) = [one for one in answer_quality(wave).facts if one.item == "training_hours"]
    assert (use.compared, use.contradicting) == (SCHOOLS * EACH, 14)


def test_an_old_figure_that_a_whole_school_contradicts_accuses_nobody_and_the_page_says_so():
    wave = waved("parent")
    fill(wave, "parent", {"class_size": THIRTY}, but={3: [{"class_size": "to_65"}] * 26})
    ended(wave)
    assert seen(wave) == {("parent", "average_class_size"): 0}
    assert answer_quality(wave).marked == ()
    assert "Everybody contradicts it at 第3小学: the statistic may be old or wrong there." in page(wave)


def test_pupils_who_confirm_the_figure_leave_it_standing_against_their_parents():
    wave = waved("parent", "student")
    fill(wave, "parent", {"class_size": THIRTY}, but={3: [{"class_size": "to_65"}] * 26})
    fill(wave, "student", {"class_size": THIRTY}, but={})
    ended(wave)
    assert seen(wave) == {("parent", "average_class_size"): 1, ("student", "average_class_size"): 0}
    assert "Everybody contradicts it" not in page(wave)


def test_a_table_that_every_school_contradicts_is_said_to_be_wrong_and_accuses_nobody():
    wave = waved("parent")
    on_file(wave, pupils="600", classes="10")
    fill(wave, "parent", {"class_size": THIRTY}, but={})
    ended(wave)
    assert seen(wave) == {("parent", "average_class_size"): 0}
    said = page(wave)
    assert "At most schools everybody contradicts it: the statistic may be old or wrong." in said
    assert "300 replies compared, 100.0% contradict" in said


def test_page_says_source_date_tolerance_and_which_question_is_not_used():
    wave = waved("student")
    on_file(wave, pupils="120", classes="4")
    fill(wave, "student", {"class_size": THIRTY, "homework": "to_60"}, but={})
    bureau = signed_in(wave.county)
    said = page(wave, by=bureau)
    assert "School table of 2026, accepted on Nov. 21, 2026 (学校表.xlsx): 10 schools" in said
    assert "10 pupils either way" in said and "10 of 10" in said
    assert "A column headed “homework per school day” in the county's school table would be used." in said
    assert "300 replies compared" not in said and "straight line" not in said  # the wave is still open
    ended(wave)
    said = page(wave, by=bureau)
    assert "300 replies compared, 0.0% contradict" in said
    assert "One answer throughout (straight line): Students 0.0%." in said


def test_a_reply_is_never_marked_by_its_homework_alone_with_another_sign():
    """What differs from person to person says nothing of one reply; class size does."""
    wave = waved("student")
    on_file(wave, homework_minutes="150")
    fill(wave, "student", {"homework": "over_120"}, but={})
    reply(wave, "student", 4, [{"homework": "none"}] * 3, took=60)  # under half of the median
    ended(wave)
    assert answer_quality(wave).marked == ()
    other = waved("student")
    fill(other, "student", {"class_size": THIRTY}, but={})
    reply(other, "student", 4, [{"class_size": "over_65"}] * 3, took=60)
    ended(other)
    assert len(answer_quality(other).marked) == 3


def test_page_names_every_signal_with_its_honest_explanation_and_what_was_measured():
    wave = waved("parent")
    fill(wave, "parent", {"class_size": THIRTY}, but={})
    ended(wave)
    said = page(wave)
    for name, trap, rates in (
        ("The same complete answers, many times", "few questions, few opinions", "0.21% 98.0% 0.0%"),
        ("Less variety than schools of equal mean", "a small or excellent school", "0.75% 11.8% 0.0%"),
        ("A sharper burst than elsewhere", "an announcement in the class group", "0.10% 53.8% 12.5%"),
        ("Many filled in too fast", "people who know the form already", "0.00% 46.0% 100.0%"),
        ("Many from one device", "a family phone that is shared", "0.00% 0.0% 100.0%"),
        ("Far more satisfied on the poster", "other people scan a poster", "0.00% 1.0% 0.0%"),
        ("Far more satisfied than the other schools", "really is excellent", "0.02% 0.2% 0.0%"),
        ("Many contradict what is on file (class size)", "old or wrong", "0.00% 40.3% 0.0%"),
        ("Many contradict what is on file (homework time)", "old or wrong", "0.70% 32.7% —"),
    ):
        assert name in said and trap in said and rates in said, name
    assert "only of a closed wave with eight schools asked by poster and by slips" in said


def test_rates_on_the_page_are_those_of_the_simulation_report():
    report = (Path(settings.BASE_DIR) / "docs" / "simulation.txt").read_text(encoding="utf-8")

    def printed(pattern: str) -> list[float]:
        line = re.search(rf"^{pattern}.*$", report, re.MULTILINE)
        assert line, pattern
        return [float(one) for one in re.findall(r"([\d.]+)%", line[0])]

    for name, one in MEASURED.items():
        assert printed(rf"{name} \(") == [one.honest, one.coached, one.stuffed], name
    for start, fact in (("homework", "homework_minutes"), ("training", "training_hours_per_year")):
        named = printed(f"{start}, 40% say")[1:]  # the first is the 40% of its name
        assert named[:2] == [MEASURED_FACTS[fact].honest, MEASURED_FACTS[fact].coached], fact
    assert printed("up for review") == [REVIEW.honest, REVIEW.coached, REVIEW.stuffed]
    rows = [printed(f" *{who} rows")[0] for who in ("honest", "coached", "stuffed")]
    assert rows == [ROWS.honest, ROWS.coached, ROWS.stuffed]
    assert printed(" *honest schools with a wrong class size on file") == [OLD_FILE]
    assert all(one.honest < 1 for one in (*MEASURED.values(), *MEASURED_FACTS.values(), REVIEW, ROWS))


def test_report_measures_the_bands_and_tolerances_that_the_desk_uses():
    items = [
        item
        for key in ("student", "staff")
        for item in read_questionnaire(instrument_source(key), name=key).items
    ]
    for fact in FACTS:
        statistic = STATISTICS[fact.key]
        (item,) = [one for one in items if one.cross_check == fact.key]
        assert tuple(number_bounds(item, whole=statistic.is_whole).values()) == fact.bands
        assert (fact.tolerance, fact.side) == (statistic.tolerance, statistic.side)
