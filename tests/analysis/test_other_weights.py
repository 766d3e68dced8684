"""Other weights on the desk: beside the official figure, with a sentence where they cannot be computed, and
nothing that gives a small audience or an open wave away."""

from __future__ import annotations

import secrets

import numpy as np
import pandas as pd
import pytest
from django.utils import translation

from analysis.other_weights import weight_table
from analysis.results import wave_results
from scoring.models import ScoreRun
from surveys.intake import Submission, commit_batch, void_responses
from surveys.models import Response, School, Wave
from tests.analysis.reference_county import county_a, results_of_a  # noqa: F401
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, answer, answer_everywhere, close, county_with_schools, wave_asking
from tests.golden_cases import golden_case, read_data
from tests.surveys.county_a import SHARES

pytestmark = pytest.mark.django_db
EARLY, LATER = "g1_3", "g4_6"


def wave_with_grades(counts: dict[str, dict[str, tuple[int, int]]], **asked) -> Wave:
    """Parents' replies by school and grade band: (satisfied, others). Each school has 90 pupils in grades 1
    to 3 and 30 in grade 5. Teachers: 10 of 12 satisfied at every school."""
    wave = wave_asking(county_with_schools(3), {"parent": 0.6, "teacher": 0.4}, target=100, **asked)
    for code, bands in counts.items():
        collector = wave.collectors.select_related("school", "wave").get(audience="parent", school__code=code)
        table = wave.audiences.get(audience="parent").version.table
        topics = [item.name for item in table.questionnaire.items if item.type == "scale"]
        words = [
            (band, word)
            for band, (satisfied, others) in bands.items()
            for word in ["satisfied"] * satisfied + ["dissatisfied"] * others
        ]
        sheets = [
            table.encode({"grade_band": band} | dict.fromkeys(topics, word), audience="parent")
            for band, word in words
        ]
        commit_batch(
            [
                Submission(
                    collector=collector, table=table, submission_id=secrets.token_bytes(16),
                    choices=sheet.choices, texts="", stratum=sheet.stratum, language="zh-hans",
                    received_at=NOON,
                )
                for sheet in sheets
            ]
        )  # fmt: skip
    answer_everywhere(wave, "teacher", satisfied=10, others=2)
    return wave


# The lower grades, three quarters of the pupils, gave half of the replies and are less satisfied.
ALIKE = {EARLY: (14, 6), LATER: (20, 0)}
SCHOOLS = ("S001", "S002", "S003")


def table_of(wave: Wave):
    with translation.override("en"):
        return weight_table(wave_results(wave, now=NOON))


def page_of(wave: Wave) -> str:
    return text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/rules/"))


def test_grades_that_answered_too_rarely_count_by_their_pupils():
    """Parents by hand: 0.75 · 0.7 + 0.25 · 1 = 0.775 raked, 0.85 by cells; all audiences: 0.6 and 0.4."""
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE)))
    rows = {row.key: row for row in table_of(wave).rows}
    assert rows["cells"].figure.estimate == pytest.approx(0.6 * 0.85 + 0.4 * 10 / 12)
    assert rows["raked"].figure.estimate == pytest.approx(0.6 * 0.775 + 0.4 * 10 / 12)
    # Weights 4.5 and 1.5 in equal numbers: 1 + ((4.5 − 3) ÷ 3)² = 1.25.
    assert rows["raked"].design_effect == pytest.approx(1.25)
    assert rows["raked"].heaviest == "Parents"
    assert rows["unweighted"].design_effect == 1
    page = page_of(wave)
    assert "Raked to schools and grade bands" in page
    assert "Parents: schools and grade bands both fit after 1 pass" in page
    assert "weights changed to between 0.50 and 1.50 times" in page
    assert "Without grade bands, so with their cell weights: Teachers." in page


def test_official_row_is_the_result_itself():
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE)))
    results = wave_results(wave, now=NOON)
    first = weight_table(results).rows[0]
    assert first.figure == results.figure
    assert first.verdict == results.verdict
    own = {row["audience"]: row["effective_n"] for row in results.run.result["audiences"]}
    assert first.effective_n == pytest.approx(1 / (0.36 / own["parent"] + 0.16 / own["teacher"]))


def test_open_wave_shows_no_other_weights():
    wave = wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE))
    assert table_of(wave) is None
    assert "Other weights" not in page_of(wave)


def test_closed_wave_whose_counts_changed_has_other_rates_and_no_verdict_words():
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE)))
    assert wave_results(wave, now=NOON).run is not None
    one = Response.objects.filter(collector__wave=wave).values_list("pk", flat=True)[:1]
    void_responses(one, wave=wave, reason="twice", by=None, now=NOON)
    rows = table_of(wave).rows
    assert [row.verdict for row in rows] == [None] * 4
    assert rows[0].figure == wave_results(wave, now=NOON).figure
    page = signed_in(wave.county).get(f"/desk/waves/{wave.pk}/rules/").content.decode()
    assert "Raked to schools" in page and "verdict-shape" not in page


def test_small_audience_leaves_only_the_official_weights():
    wave = wave_asking(county_with_schools(3), {"parent": 0.5, "teacher": 0.3, "deputy": 0.2})
    answer_everywhere(wave, "parent", satisfied=27, others=3)
    answer_everywhere(wave, "teacher", satisfied=10, others=2)
    answer(wave, "deputy", *["satisfied"] * 5, "dissatisfied")
    close(wave)
    results = wave_results(wave, now=NOON)
    assert results.figure.is_shown and not results.result["regrouped"]
    table = table_of(wave)
    assert [row.key for row in table.rows] == ["cells"]
    assert "Other weights are not shown" in page_of(wave)


def test_rule_that_weighs_every_reply_alike_has_no_other_weights():
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE), rule="pooled"))
    assert table_of(wave).rows == ()
    assert "This wave's rule weighs every reply alike" in page_of(wave)


def test_roster_that_changed_since_changes_nothing():
    """The grades are frozen with the run, as the people per school are."""
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE)))
    before = table_of(wave).rows[1]
    School.objects.filter(county=wave.county, code="S001").update(pupils_by_grade={"1": 90, "5": 10})
    assert before.figure is not None
    assert table_of(wave).rows[1] == before


def test_roster_that_changed_since_a_run_without_grades_gives_a_sentence_and_no_number():
    """Runs frozen before grades were kept are held against the present roster."""
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE)))
    run = wave_results(wave, now=NOON).run
    without = {key: value for key, value in run.inputs.items() if key != "grades"}
    ScoreRun.objects.filter(pk=run.pk).update(inputs=without)
    School.objects.filter(county=wave.county, code="S001").update(pupils_by_grade={"1": 90, "5": 10})
    row = table_of(wave).rows[1]
    assert (row.figure, row.verdict) == (None, "not_computable")
    assert row.why == (
        "Parents: the schools of this wave add up to 360 people, the grades of the present roster to 340. "
        "Check whether the roster was changed since, and the population controls."
    )
    assert row.why in page_of(wave)


def test_grade_of_nobody_is_named():
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, ALIKE) | {"S001": ALIKE | {"g7_9": (2, 0)}}))
    assert (
        "Parents: 2 replies say “Grades 7 to 9 (junior secondary)”, where the roster has nobody."
        in table_of(wave).rows[1].why
    )


def test_band_with_few_replies_joins_its_neighbour():
    few = {EARLY: (18, 2), LATER: (1, 0)}
    wave = close(wave_with_grades(dict.fromkeys(SCHOOLS, few)))
    row = table_of(wave).rows[1]
    assert row.figure is None
    assert row.why.startswith("No audience has replies from two grade bands")


def test_one_heavy_school_is_marked_trimmed_and_compared():
    """Four schools of 120 pupils, the fourth as urban as the first. Weights 1.2, 6, 6 and 24; median 1.2, and
    the towns' and villages' 6 per reply cannot be cut: the cap is 1.05 × 6."""
    wave = wave_asking(county_with_schools(4), {"parent": 1.0}, target=100)
    for code, satisfied, others in (("S001", 90, 10), ("S002", 18, 2), ("S003", 18, 2), ("S004", 1, 4)):
        answer(
            wave, "parent", *["satisfied"] * satisfied, *["dissatisfied"] * others,
            school=wave.county.schools.get(code=code),
        )  # fmt: skip
    close(wave)
    row = table_of(wave).rows[2]
    # The city's 240 people: 5 · 6.3 in the fourth school, the rest in the first; half of the residents.
    city = (240 - 31.5) / 240 * 0.9 + 31.5 / 240 * 0.2
    assert row.figure.estimate == pytest.approx(0.5 * city + 0.5 * 0.9)
    assert "the cap is 5.2 times the median" in " ".join(row.notes)
    page = page_of(wave)
    cut = 5 * (24 - 6.3) / 480
    assert f"Parents: {cut:.1%} of the weight is trimmed, more than 5%; the rate may be biased." in page
    assert "Parents: the design effect of the weights is" in page
    assert "Parents: the largest weight is 20.0 times the median." in page
    before = 0.5 * (0.5 * 0.9 + 0.5 * 0.2) + 0.5 * 0.9
    assert f"Before trimming the rate is {before:.1%}, after it {row.figure.estimate:.1%}." in page


def test_reference_county_is_raked_to_its_families_and_their_grades(county_a):  # noqa: F811
    """Its controls count families, its roster pupils. Another raking than the core's, of plain numbers."""
    table = weight_table(results_of_a(county_a))
    cells, raked, _trimmed, plain = table.rows
    want = golden_case("P-county_a-scoring-rules").expected
    assert cells.figure.estimate == pytest.approx(want["top2.shares"]["estimate"], rel=1e-7)
    bands = {"parent": [{"g1_3"}, {"g4_6"}, {"g7_9"}], "student": [{"g1_3", "g4_6"}, {"g7_9"}]}
    again = sum(float(SHARES[name]) * raked_again(county_a, name, bands.get(name, [])) for name in SHARES)
    assert raked.figure.estimate == pytest.approx(again, rel=1e-7)
    assert 0.0005 < abs(raked.figure.estimate - cells.figure.estimate) < 0.02
    assert plain.figure.estimate != cells.figure.estimate


def raked_again(wave: Wave, audience: str, bands: list[set[str]]) -> float:
    """An audience's rate from its answers one by one: strata and grades by turns, three hundred times."""
    strata = read_data("county_a_strata")
    rows = read_data("county_a").merge(strata, on=["audience", "class"])
    school = rows["school"].fillna("*").where(rows["audience"].isin(["parent", "student", "teacher"]), "*")
    rows = rows[(rows["audience"] == audience) & (rows["cell"] == school)]
    weight, stratum = rows["weight"].to_numpy(float), rows["stratum"].to_numpy()
    of_stratum = strata.groupby("stratum")["N"].sum()
    band = np.array([next((k for k, group in enumerate(bands) if one in group), -1)
                     for one in rows["grade_band"]])  # fmt: skip
    grades = {"g1_3": (1 if audience == "parent" else 3, 3), "g4_6": (4, 6), "g7_9": (7, 9)}
    people = np.zeros(len(bands))
    families = strata[strata["audience"] == audience].set_index("cell")["N"]
    for one in wave.county.schools.all() if bands else ():
        pupils = [sum(one.pupils_in(*grades[code]) for code in group) for group in bands]
        people += families[one.code] * np.array(pupils) / sum(pupils)
    for _ in range(300 if bands else 0):
        weight = weight * people[band] / np.bincount(band, weight)[band]
        found = pd.Series(weight).groupby(stratum).transform("sum").to_numpy()
        weight = weight * of_stratum.loc[stratum].to_numpy() / found
    valid = rows["q8"].between(1, 5).to_numpy()
    satisfied = (rows["q8"] >= 4).to_numpy()
    return float((weight * satisfied)[valid].sum() / weight[valid].sum())
