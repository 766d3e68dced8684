"""The verdict: unrounded, free of order and scale, monotone; what is unknown is never a pass."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.dispersions import IndicatorDispersion
from analysis.evaluation_plans import county_facts
from analysis.facts import Recognition
from analysis.findings import all_of, shown
from analysis.judging import evaluate
from analysis.standard import shipped_standard
from tests.analysis.counties import (
    AT_THE_LIMIT,
    QUALITY,
    SEVEN,
    good_items,
    judged,
    junior,
    primary,
    records,
)

AMOUNTS = tuple(SEVEN.values())


def a_county(seed: int, *, schools: int = 8) -> list[dict]:
    """A random county of primary and junior schools around the limits."""
    draw = random.Random(seed)
    found = []
    for number in range(schools):
        build = primary if number % 2 else junior
        pupils = draw.randint(60, 2400)
        amounts = {
            key: round(value * pupils / 1000 * draw.uniform(0.6, 1.8))
            for key, value in AT_THE_LIMIT.items()
            if key in AMOUNTS
        }
        found.append(build(f"第{number}校", pupils=pupils, **amounts))
    return found


def words(schools: list[dict], **options) -> tuple:
    evaluation = judged(schools, **options)
    return (
        evaluation.verdict,
        {key: finding.verdict for key, finding in evaluation.findings.items()},
        {(one.row.school, one.row.stage): one.verdict for one in evaluation.schools},
    )


def coefficients(schools: list[dict]) -> dict[tuple[str, str], float]:
    return {
        (one.indicator, one.stage): one.cv
        for one in judged(schools).dispersions
        if isinstance(one, IndicatorDispersion)
    }


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), times=st.integers(2, 50))
def test_scaling_all_pupils_and_amounts_leaves_every_coefficient_and_school_unchanged(
    seed: int, times: int
) -> None:
    county = a_county(seed)
    scaled = [
        {key: value * times if key in ("pupils", *AMOUNTS) else value for key, value in school.items()}
        for school in county
    ]
    before, after = coefficients(county), coefficients(scaled)
    assert before.keys() == after.keys()
    for place, cv in before.items():
        assert after[place] == pytest.approx(cv, rel=1e-12)
    for key in ("seven_indicators", "between_schools"):
        first, second = (judged(one).findings[key] for one in (county, scaled))
        assert [(p.school, p.verdict) for p in first.parts] == [(p.school, p.verdict) for p in second.parts]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_order_of_rows_changes_nothing(seed: int) -> None:
    county = a_county(seed)
    shuffled = county[:]
    random.Random(seed).shuffle(shuffled)
    first, second = judged(county), judged(shuffled)
    assert first.findings == second.findings
    assert [(s.row.school, s.verdict) for s in first.schools] == [
        (s.row.school, s.verdict) for s in second.schools
    ]
    assert [s.cv for s in first.dispersions if isinstance(s, IndicatorDispersion)] == [
        s.cv for s in second.dispersions if isinstance(s, IndicatorDispersion)
    ]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), column=st.sampled_from(AMOUNTS), more=st.integers(1, 500))
def test_more_of_anything_never_makes_a_school_fail(seed: int, column: str, more: int) -> None:
    county = a_county(seed, schools=4)
    before = judged(county)
    richer = [{**school, column: school[column] + more} for school in county]
    after = judged(richer)
    for one, other in zip(before.schools, after.schools, strict=True):
        if one.verdict == "met":
            assert other.verdict == "met"


@pytest.mark.parametrize("column", AMOUNTS)
def test_each_of_the_seven_is_asked_for(column: str) -> None:
    """At every limit a school has one to spare; a second one missed fails it, whichever it is."""
    other = AMOUNTS[0] if column != AMOUNTS[0] else AMOUNTS[1]
    one_missed = primary("甲", **{column: AT_THE_LIMIT[column] * 0.9})
    two_missed = {**one_missed, other: AT_THE_LIMIT[other] * 0.9}
    assert judged([one_missed]).findings["seven_indicators"].verdict == "met"
    assert judged([two_missed]).findings["seven_indicators"].verdict == "not_met"


def test_coefficient_exactly_at_its_limit_is_within_it() -> None:
    """x = 1 and 3 with equal pupils: mean 2, sd 1, 0.5 exactly. A hair apart it is above."""
    two = [primary("甲", equipment_yuan=2_000_000), primary("乙", equipment_yuan=6_000_000)]
    found = {p.subject: p for p in judged(two).findings["between_schools"].parts if p.stage == "primary"}
    assert found["equipment_per_pupil"].verdict == "met"
    wider = [two[0], primary("乙", equipment_yuan="6000000.000001")]
    found = {p.subject: p for p in judged(wider).findings["between_schools"].parts if p.stage == "primary"}
    assert found["equipment_per_pupil"].verdict == "not_met"


def test_limit_met_in_thirds_is_met() -> None:
    """Amounts divided by stage are fractions: 3,120,000 × 900/1560 ÷ 900 is 2000 yuan and not a hair less."""
    school = {
        "school": "九校", "school_type": "nine_year", "pupils_primary": 900, "pupils_junior": 600,
        "equipment_yuan": 3_120_000,
    }  # fmt: skip
    parts = judged([school]).findings["seven_indicators"].parts
    primary_part = next(part for part in parts if part.stage == "primary")
    equipment = next(one for one in primary_part.parts if one.subject == "equipment_per_pupil")
    assert (equipment.value, equipment.verdict) == (2000, "met")


def test_school_with_no_pupils_makes_the_coefficients_not_computable_and_is_named() -> None:
    found = judged([primary("甲"), primary("空校", pupils=0)])
    dispersion = next(one for one in found.dispersions if one.stage == "primary")
    assert (dispersion.reason, dispersion.schools) == ("no_pupils", ("空校",))
    assert "空校没有学生" in found.findings["between_schools"].parts[0].sentence.text("zh-hans")
    assert found.findings["between_schools"].verdict == "not_computable"


def test_missing_column_is_not_computable_and_named() -> None:
    school = {key: value for key, value in primary("甲").items() if key != "multimedia_rooms"}
    found = judged([school])
    assert found.findings["seven_indicators"].verdict == "not_computable"
    assert found.findings["seven_indicators"].missing == ("multimedia_rooms",)
    assert "multimedia_rooms" in found.missing
    assert "网络多媒体教室数" in found.findings["seven_indicators"].sentence.text("zh-hans")


def test_one_failing_school_decides_whatever_is_unknown_of_others() -> None:
    unknown = {"school": "乙", "stage": "primary", "pupils": 100}
    failing = primary("甲", teaching_area_m2=1)
    assert judged([failing, unknown]).findings["seven_indicators"].verdict == "not_met"


def test_table_without_schools_gives_no_verdict() -> None:
    found = judged([])
    assert found.findings["seven_indicators"].verdict == "not_computable"
    assert found.findings["class_size"].verdict == "not_computable"


def test_county_passes_only_if_everything_is_met() -> None:
    schools = [primary("甲"), junior("乙")]
    assert judged(schools, items=good_items(), recognition="85%").verdict == "met"
    for key in ("layout_meets_rules", "monitoring_stays_high", "subjects_level_three"):
        assert judged(schools, items=good_items() | {key: "否"}, recognition="85%").verdict == "not_met"
        missing = {item: value for item, value in good_items().items() if item != key}
        assert judged(schools, items=missing, recognition="85%").verdict == "not_computable"


def test_veto_and_gate_speak_first() -> None:
    schools = [primary("甲", teaching_area_m2=1), junior("乙")]
    vetoed = judged(schools, items=good_items() | {"falsification": "是"}, recognition="85%")
    assert vetoed.sentence.text("zh-hans").startswith("一票否决")
    barred = judged(schools, items=good_items() | {"basic_balance_years": "2"}, recognition="85%")
    assert barred.sentence.text("zh-hans").startswith("不符合门槛条件")


def test_reference_never_counts() -> None:
    schools = [primary("甲", equipment_yuan=20_000_000), primary("乙"), primary("丙"), junior("丁")]
    found = judged(schools, items=good_items(), recognition="85%")
    assert not found.findings["composite"].counts
    assert "composite" not in [
        finding.subject for area in found.areas for finding in area.findings if finding.counts
    ]


def with_recognition(recognition: Recognition, **choices: str):
    facts, _ = county_facts(
        shipped_standard(QUALITY), records=records([primary("甲")]), recognition=recognition, settings=choices
    )
    return evaluate(facts).findings["recognition"]


def test_score_run_may_be_undetermined_and_the_point_beside_it_met() -> None:
    run = Recognition(
        Fraction("0.861"),
        "score_run",
        verdict="undetermined",
        threshold=Fraction("0.85"),
        lower=0.84,
        upper=0.88,
    )
    assert with_recognition(run).verdict == "undetermined"
    assert with_recognition(run, recognition_reading="point").verdict == "met"
    assert with_recognition(run).details["statistical"] == "undetermined"


def test_typed_recognition_is_marked_as_such_and_compared_as_it_is() -> None:
    found = with_recognition(Recognition(Fraction("0.8499999"), "typed"))
    assert (found.verdict, found.details["origin"]) == ("not_met", "typed")
    assert "手工录入" in found.sentence.text("zh-hans")
    assert "84.99999%" in found.sentence.text("zh-hans")  # never printed as the 85% it does not reach


def test_score_run_held_against_another_limit_is_read_by_its_point() -> None:
    run = Recognition(Fraction("0.86"), "score_run", verdict="not_met", threshold=Fraction("0.9"))
    assert with_recognition(run).verdict == "met"


def test_evaluating_twice_gives_the_same() -> None:
    county = a_county(7)
    assert words(county) == words(county)


def test_one_part_missed_outweighs_what_is_unknown() -> None:
    assert all_of(["met", "undetermined", "not_computable", "not_met"]) == "not_met"
    assert all_of(["met", "undetermined", "not_computable"]) == "not_computable"
    assert all_of(["met", "undetermined"]) == "undetermined"
    assert all_of([]) == "met"


@pytest.mark.parametrize(
    ("number", "limit", "text"),
    [
        (0.501787, 0.5, "0.5018"),
        (0.4999999, 0.5, "0.4999999"),
        (Fraction(4507, 1000), Fraction(4505, 1000), "4.507"),
        (1999.6, 2000, "1999.6"),
        (2000, 2000, "2000"),
        (0.0, None, "0"),
    ],
)
def test_printed_figure_shows_on_which_side_of_the_limit_it_lies(number, limit, text: str) -> None:
    assert shown(number, limit=limit) == text


def test_sentences_stand_in_both_languages() -> None:
    found = judged([primary("甲", teaching_area_m2=1), junior("乙", pupils=0)])
    for finding in found.findings.values():
        chinese, english = finding.sentence.text("zh-hans"), finding.sentence.text("en")
        assert chinese != english
        assert "{" not in chinese + english


def test_frozen_facts_cannot_be_changed() -> None:
    facts = judged([primary("甲")]).facts
    with pytest.raises(AttributeError):
        facts.rows = ()  # type: ignore[misc]
    assert replace(facts, rows=()).rows == ()


def test_stages_and_schools_are_both_counted_where_a_school_has_several_stages() -> None:
    def stages(name: str, **of_junior: int) -> list[dict]:
        both = {"school_type": "九年一贯制", "amounts_of": "本学段"}
        return [primary(name, stage="小学", **both), junior(name, stage="初中", **both | of_junior)]

    lacking = {"backbone_teachers": 1}
    schools = [*stages("城关", **lacking), *stages("河东"), primary("河西", **lacking)]
    found = judged(schools).findings["seven_indicators"]
    assert found.sentence.text("zh-hans").startswith("3所学校5个学段中，2所学校2个学段未达标：")
    assert found.sentence.text("en").startswith("Missed by 2 of 3 schools, 2 of 5 stages: ")
