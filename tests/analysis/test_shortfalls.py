"""What is lacking is just enough: adding it passes, one unit less does not; nothing smaller does."""

import itertools
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from analysis.dispersion_additions import least_total, smallest_additions
from analysis.dispersions import IndicatorDispersion, dispersion_of, exact_square_of_cv
from analysis.facts import Recognition
from analysis.judging import Evaluation, evaluate
from analysis.passing import plan_to_pass, probability_of_passing, with_additions
from analysis.shortfalls import shortfalls, ways_to_pass
from analysis.standard import read_standard, read_standard_file, shipped_standard
from tests.analysis.cases import STANDARD_CASES
from tests.analysis.counties import AT_THE_LIMIT, QUALITY, SEVEN, good_items, judged, junior, primary
from tests.analysis.test_judging import a_county


def lacking_of(evaluation: Evaluation, school: str) -> dict[str, int]:
    return {
        one.column: one.add
        for one in shortfalls(evaluation)
        if one.school == school and one.criterion == "seven_indicators"
    }


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_adding_what_is_lacking_reaches_each_limit_and_one_unit_less_does_not(seed: int) -> None:
    (school,) = a_county(seed, schools=1)
    lacking = lacking_of(judged([school]), school["school"])
    assume(lacking)
    filled = {**school, **{column: school[column] + add for column, add in lacking.items()}}
    members = members_of(judged([filled]))
    assert set(members.values()) == {"met"}
    for key, column in SEVEN.items():
        if column in lacking:
            assert members_of(judged([{**filled, column: filled[column] - 1}]))[key] == "not_met"


def members_of(evaluation: Evaluation) -> dict[str, str]:
    (part,) = evaluation.findings["seven_indicators"].parts
    return {member.subject: member.verdict for member in part.parts}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_every_way_passes_and_not_one_unit_of_it_can_be_left_away(seed: int) -> None:
    (school,) = a_county(seed, schools=1)
    evaluation = judged([school])
    (part,) = evaluation.findings["seven_indicators"].parts
    assume(part.verdict == "not_met")
    rule, row = shipped_standard(QUALITY).criterion("seven_indicators").rule, evaluation.facts.rows[0]
    ways = ways_to_pass(rule, part, row, evaluation.facts)
    assert ways
    place = (row.school, row.stage)
    for way in ways:
        assert school_verdict(with_additions(evaluation.facts, {place: way.additions})) == "met"
        for column, units in way.additions.items():
            less = dict(way.additions) | {column: units - 1}
            assert school_verdict(with_additions(evaluation.facts, {place: less})) == "not_met"


def school_verdict(facts) -> str:
    (part,) = evaluate(facts).findings["seven_indicators"].parts
    return part.verdict


def test_cheapest_way_is_the_cheapest_of_all_small_additions() -> None:
    """Every combination of additions up to the full shortfalls, tried one by one, with prices."""
    school = primary(
        "甲", pupils=300, teachers_above_degree=10, backbone_teachers=1, pe_art_teachers=2,
        teaching_area_m2=1350, sports_area_m2=2250, equipment_yuan=600_000, multimedia_rooms=7,
    )  # fmt: skip
    prices = {
        "teachers_above_degree": Fraction(9),
        "backbone_teachers": Fraction(4),
        "pe_art_teachers": Fraction(7),
    }
    evaluation = judged([school])
    (part,) = evaluation.findings["seven_indicators"].parts
    rule = shipped_standard(QUALITY).criterion("seven_indicators").rule
    best = ways_to_pass(rule, part, evaluation.facts.rows[0], evaluation.facts, prices=prices)[0]
    tried = []
    for added in itertools.product(range(4), repeat=3):
        changed = {**school, **{c: school[c] + n for c, n in zip(prices, added, strict=True)}}
        if judged([changed]).findings["seven_indicators"].verdict == "met":
            tried.append(sum(price * n for price, n in zip(prices.values(), added, strict=True)))
    assert best.cost == min(tried)


def test_school_that_passes_or_is_not_known_has_no_ways() -> None:
    rule = shipped_standard(QUALITY).criterion("seven_indicators").rule
    for school in (primary("甲"), primary("甲", teaching_area_m2=None)):
        evaluation = judged([school])
        (part,) = evaluation.findings["seven_indicators"].parts
        assert ways_to_pass(rule, part, evaluation.facts.rows[0], evaluation.facts) == ()


def test_shortfall_of_a_divided_amount_is_what_the_whole_school_must_add() -> None:
    """The junior part gets 66/156 of what is added: to give it 1 m² the school needs 2.4, so 3."""
    school = {
        "school": "九校", "school_type": "nine_year", "pupils_primary": 900, "pupils_junior": 600,
        "sports_area_m2": 6120 * 156 // 66 - 4,
    }  # fmt: skip
    evaluation = judged([school])
    (one,) = [s for s in shortfalls(evaluation) if (s.stage, s.column) == ("junior", "sports_area_m2")]
    assert one.of_school
    enough = {**school, "sports_area_m2": school["sports_area_m2"] + one.add}
    short = {**school, "sports_area_m2": school["sports_area_m2"] + one.add - 1}
    words = [
        next(m.verdict for p in judged([s]).findings["seven_indicators"].parts if p.stage == "junior"
             for m in p.parts if m.subject == "sports_area_per_pupil")
        for s in (enough, short)
    ]  # fmt: skip
    assert words == ["met", "not_met"]


def test_rooms_classes_and_pupils_too_many_have_their_own_units() -> None:
    found = {
        one.criterion: one
        for one in shortfalls(
            judged([primary("甲", pupils=2090, classes=40, largest_class=60, music_rooms=2, art_rooms=4)])
        )
        if one.criterion != "seven_indicators"
    }
    assert (found["music_rooms"].column, found["music_rooms"].add) == ("music_rooms", 2)
    assert "art_rooms" not in found
    assert (found["school_size"].add, found["school_size"].is_surplus) == (90, True)
    assert (found["class_size"].column, found["class_size"].add) == ("classes", 7)  # 2090 / 45 = 46.4


def test_pupils_per_teacher_lacks_teachers_and_not_fewer_pupils() -> None:
    standard = read_standard_file(STANDARD_CASES / "yunxi-2023.toml")
    school = {"school": "甲", "stage": "primary", "pupils": 600, "teachers": 30}
    (one,) = [s for s in shortfalls(judged([school], standard=standard)) if s.subject == "pupils_per_teacher"]
    assert (one.column, one.add, one.to_floor) == ("teachers", 2, 0)  # 600 / 19 = 31.6; 19 / 0.6 = 31.7


def test_costs_are_units_times_price() -> None:
    evaluation = judged([primary("甲", backbone_teachers=3, equipment_yuan=1_500_000)])
    prices = {"backbone_teachers": Fraction(1000), "equipment_yuan": Fraction(1)}
    found = {one.column: one.cost for one in shortfalls(evaluation, prices=prices)}
    assert found == {"backbone_teachers": 7000, "equipment_yuan": 500_000}
    assert all(one.cost is None for one in shortfalls(evaluation))


# --- The dispersion between schools -------------------------------------------------------------------------

BOOKS = shipped_standard("basic-balance-2012-sichuan").indicators["books_per_pupil"]


def dispersion(schools: list[tuple[int, int]]) -> IndicatorDispersion:
    found = dispersion_of(
        BOOKS, "primary", [(f"s{n}", Fraction(x), Fraction(p)) for n, (x, p) in enumerate(schools)]
    )
    assert isinstance(found, IndicatorDispersion)
    return found


def smallest_by_trying(schools: list[tuple[int, int]], limit: Fraction, *, most: int) -> int | None:
    """The smallest total over every way to add whole units, tried one by one."""
    for total in range(most + 1):
        for added in itertools.product(range(total + 1), repeat=len(schools) - 1):
            if sum(added) <= total:
                after = [
                    (Fraction(x + a), Fraction(p))
                    for (x, p), a in zip(schools, (*added, total - sum(added)), strict=True)
                ]
                if sum(x for x, _ in after) and exact_square_of_cv(after) <= limit**2:
                    return total
    return None


@settings(max_examples=120, deadline=None)
@given(
    schools=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12)), min_size=2, max_size=4),
    limit=st.sampled_from(["0.65", "0.5", "0.45", "0.3"]),
)
def test_additions_are_the_smallest_there_are(schools: list[tuple[int, int]], limit: str) -> None:
    assume(any(x for x, _ in schools))
    found = smallest_additions(dispersion(schools), Fraction(limit))
    assert found is not None
    assume(found.total <= 14)
    assert found.total == smallest_by_trying(schools, Fraction(limit), most=14)
    assert sum(found.additions.values()) == found.total
    assert found.least_total <= found.total + 1e-9


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), limit=st.sampled_from([0.5, 0.45, 0.3, 0.15]))
def test_least_total_is_what_a_general_optimiser_finds(seed: int, limit: float) -> None:
    draw = random.Random(seed)
    schools = [(draw.randint(5, 400), draw.randint(20, 200)) for _ in range(6)]
    ours = least_total([(Fraction(x), Fraction(p)) for x, p in schools], Fraction(str(limit)))
    amounts, pupils = (np.array(column, float) for column in zip(*schools, strict=True))

    def slack(added: np.ndarray) -> float:
        ratio, weight = (amounts + added) / pupils, pupils / pupils.sum()
        mean = weight @ ratio
        return limit**2 * mean**2 - weight @ (ratio - mean) ** 2

    start = np.maximum(0, ratio_of_largest(amounts, pupils) * pupils - amounts)
    solved = minimize(
        lambda added: added.sum(), start, jac=lambda added: np.ones_like(added), bounds=[(0, None)] * 6,
        constraints={"type": "ineq", "fun": slack}, method="SLSQP", options={"maxiter": 500, "ftol": 1e-10},
    )  # fmt: skip
    assume(solved.success)
    assert ours <= solved.fun + 1e-4 * max(1, solved.fun)
    assert ours == pytest.approx(solved.fun, rel=1e-3, abs=1e-2)


def ratio_of_largest(amounts: np.ndarray, pupils: np.ndarray) -> float:
    return float((amounts / pupils).max())


def test_dispersion_within_its_limit_needs_nothing() -> None:
    found = smallest_additions(dispersion([(100, 100), (300, 100)]), Fraction("0.5"))
    assert found is not None
    assert (found.total, dict(found.additions)) == (0, {})


def test_published_figures_alone_cannot_be_mended_school_by_school() -> None:
    given_dispersion = IndicatorDispersion(
        "books_per_pupil", "primary", cv=0.7, is_given=True, exact_cv=Fraction("0.7")
    )
    assert smallest_additions(given_dispersion, Fraction("0.5")) is None


def test_large_amounts_in_yuan_are_found_without_counting_them_out() -> None:
    draw = random.Random(3)
    schools = [(draw.randint(0, 3_000_000), draw.randint(30, 3000)) for _ in range(60)]
    found = smallest_additions(dispersion(schools), Fraction("0.5"))
    assert found is not None
    assert found.total > 10**6
    assert found.total - found.least_total < len(schools)
    assert found.cv_after <= 0.5
    fewer = dict(found.additions)
    fewer[next(iter(fewer))] -= 1
    after = [(Fraction(x + fewer.get(f"s{n}", 0)), Fraction(p)) for n, (x, p) in enumerate(schools)]
    assert exact_square_of_cv(after) > Fraction("0.25")


# --- The whole county ---------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_plan_makes_every_school_and_every_coefficient_pass(seed: int) -> None:
    evaluation = judged(a_county(seed))
    plan = plan_to_pass(evaluation)
    assert plan.unsolved == ()
    steps: dict[tuple[str, str], dict[str, int]] = {
        (one.school, one.stage): dict(one.way.additions) for one in plan.schools
    }
    for one in plan.dispersions:
        column = SEVEN[one.indicator]
        for school, units in one.additions.items():
            own = steps.setdefault((school, one.stage), {})
            own[column] = own.get(column, 0) + units
    after = evaluate(with_additions(evaluation.facts, steps))
    assert after.findings["seven_indicators"].verdict == "met"
    assert after.findings["between_schools"].verdict == "met"
    totals: dict[str, int] = {}
    for step in steps.values():
        for column, units in step.items():
            totals[column] = totals.get(column, 0) + units
    assert plan.totals == totals


def test_composite_is_brought_to_its_limit_by_one_indicator_alone_and_no_unit_less() -> None:
    same = {
        "teaching_area_m2": 400, "sports_area_m2": 700, "equipment_yuan": 50_000, "teachers": 6,
        "teachers_above_degree": 5, "mid_title_teachers": 3,
    }  # fmt: skip
    schools = [
        {"school": f"{n}校", "stage": "primary", "public": "公办", "pupils": 100, **same,
         "books": books, "computers": computers}
        for n, (books, computers) in enumerate([(10, 1), (20, 1), (900, 30), (40, 2)])
    ]  # fmt: skip
    evaluation = judged(schools, standard=with_composite_limit("0.2"))
    assert evaluation.findings["composite"].parts[0].verdict == "not_met"
    options = plan_to_pass(evaluation).composites
    assert {one.indicator for one in options} == {"books_per_pupil", "computers_per_100"}
    for one in options:
        column = {"books_per_pupil": "books", "computers_per_100": "computers"}[one.indicator]
        assert composite_after(evaluation, one.additions, column) == "met"
        for school in one.additions:
            less = dict(one.additions) | {school: one.additions[school] - 1}
            assert composite_after(evaluation, less, column) == "not_met"


def with_composite_limit(limit: str):
    text = shipped_standard("basic-balance-2012-sichuan").text
    return read_standard(text.replace("primary = 0.65", f"primary = {limit}"), name="changed.toml")


def composite_after(evaluation: Evaluation, additions: dict, column: str) -> str:
    steps = {(school, "primary"): {column: units} for school, units in additions.items()}
    return evaluate(with_additions(evaluation.facts, steps)).findings["composite"].parts[0].verdict


def test_plan_of_a_county_that_passes_is_empty() -> None:
    plan = plan_to_pass(judged([primary("甲"), junior("乙")]))
    assert (plan.schools, plan.dispersions, plan.totals, plan.unsolved) == ((), (), {}, ())
    assert plan.cost == 0


def test_plan_names_what_it_cannot_solve() -> None:
    plan = plan_to_pass(judged([primary("甲", teaching_area_m2=None)]))
    assert "甲" in plan.unsolved
    assert "teaching_area_per_pupil.primary" in plan.unsolved


def county_with(recognition: Recognition | None, **items: str) -> Evaluation:
    facts = judged([primary("甲"), junior("乙")], items=good_items() | items).facts
    return evaluate(replace(facts, recognition=recognition))


SCORED = Recognition(
    Fraction("0.86"), "score_run", verdict="undetermined", threshold=Fraction("0.85"), se=0.01, n_star=1200.0
)


def test_probability_of_passing_is_that_of_the_recognition_when_all_else_is_met() -> None:
    found = probability_of_passing(county_with(SCORED), draws=50_000, seed=1)
    # Beta with 1200 answers at 0.86: standard deviation 0.010, so 0.85 lies one below the mean.
    assert found.recognition == pytest.approx(0.84, abs=0.02)
    assert (found.county, found.without_it) == (found.recognition, "met")
    assert found == probability_of_passing(county_with(SCORED), draws=50_000, seed=1)


def test_probability_is_nought_if_something_else_is_missed_and_open_if_it_is_open() -> None:
    missed = probability_of_passing(county_with(SCORED, layout_meets_rules="否"))
    assert (missed.county, missed.without_it) == (0.0, "not_met")
    unknown = probability_of_passing(county_with(SCORED, layout_meets_rules=""))
    assert (unknown.county, unknown.without_it) == (None, "not_computable")


def test_typed_recognition_has_no_probability() -> None:
    assert probability_of_passing(county_with(Recognition(Fraction("0.9"), "typed"))) is None
    assert probability_of_passing(county_with(None)) is None


def test_what_if_changes_nothing_of_the_facts() -> None:
    evaluation = judged([primary("甲", backbone_teachers=1)])
    before = dict(evaluation.facts.rows[0].numbers)
    with_additions(evaluation.facts, {("甲", "primary"): {"backbone_teachers": 50}})
    assert dict(evaluation.facts.rows[0].numbers) == before
    assert AT_THE_LIMIT["backbone_teachers"] == 10
