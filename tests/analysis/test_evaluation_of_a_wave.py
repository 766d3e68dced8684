"""Recognition from a frozen score run: its verdict, its uncertainty, and where it is said to come from."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from analysis.evaluation import evaluation_problems
from analysis.evaluation_forms import frozen_runs
from analysis.evaluation_reading import recognition_in
from analysis.models import Evaluation
from scoring.models import ScoreRun
from scoring.runs import score_wave
from surveys.waves import close_wave
from tests.analysis.evaluated_counties import evaluation_of, items_table, schools_table, two_schools
from tests.analysis.test_evaluation_pages import asked, client_of, page
from tests.analysis.waves import NOON, answer_everywhere, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> ScoreRun:
    """Three schools, 90 parents each asked, 78 of them satisfied: 86.7%, near the limit."""
    wave = wave_asking(county_with_schools(), {"parent": 1})
    answer_everywhere(wave, "parent", satisfied=78, others=12)
    close_wave(wave, by=None, now=NOON)
    return score_wave(wave, by=None, now=NOON)


def test_rate_near_the_limit_leaves_the_county_undetermined_with_a_probability(run: ScoreRun) -> None:
    evaluation = evaluation_of(run.wave.county, score_run=run, typed=None, seed=11)
    assert (run.verdict, evaluation.verdict) == ("undetermined", "undetermined")
    outlook = evaluation.result["outlook"]
    assert 0.5 < outlook["county"] == outlook["recognition"] < 1
    assert outlook["seed"] == 11
    assert evaluation_problems(Evaluation.objects.get()) == []
    again = evaluation_of(run.wave.county, score_run=run, typed=None, seed=12)
    assert again.result["outlook"]["county"] != outlook["county"]


def test_verdict_page_says_which_wave_and_how_likely_the_county_passes(run: ScoreRun) -> None:
    evaluation = evaluation_of(run.wave.county, score_run=run, typed=None)
    text = page(client_of(run.wave.county, "reviewer"), f"/desk/evaluation/{evaluation.pk}/")
    assert run.wave.name in text and "全县达标的可能性" in text and "随机种子" in text
    assert "手工录入" not in text


def test_list_says_rate_verdict_and_wave_as_the_evaluation_itself_does(run: ScoreRun) -> None:
    county = run.wave.county
    statistical = evaluation_of(county, score_run=run, typed=None)
    by_point = evaluation_of(county, score_run=run, typed=None, settings={"recognition_reading": "point"})
    typed = evaluation_of(county)
    nothing = evaluation_of(county, typed=None)
    answer = client_of(county, "reviewer").get("/desk/evaluation/")
    found = {
        row["evaluation"].pk: (row["recognition"].finding.verdict, row["recognition"].finding.value)
        for row in answer.context["rows"]
    }
    for evaluation in (statistical, by_point, typed, nothing):
        said = recognition_in(evaluation.result)
        verdict, value = found[evaluation.pk]
        assert (verdict, value and float(value)) == (said["verdict"], said["value"])
    assert [found[one.pk][0] for one in (statistical, by_point)] == ["undetermined", "met"]
    text = answer.content.decode()
    assert "86.7%" in text and "87.2%" in text and run.wave.name in text and "计分记录" not in text
    assert typed.typed_recognition_source in text


def test_list_reads_no_more_for_ten_evaluations_than_for_two(
    run: ScoreRun, django_assert_max_num_queries
) -> None:
    county, reader = run.wave.county, client_of(run.wave.county, "reviewer")
    for _number in range(2):
        evaluation_of(county, score_run=run, typed=None)
    with CaptureQueriesContext(connection) as few:
        reader.get("/desk/evaluation/")
    for _number in range(8):
        evaluation_of(county, score_run=run, typed=None)
    with django_assert_max_num_queries(len(few)):
        reader.get("/desk/evaluation/")


def test_form_offers_the_newest_run_of_a_closed_wave_that_still_fits(run: ScoreRun) -> None:
    county = run.wave.county
    newer = score_wave(run.wave, by=None, now=timezone.now())
    assert frozen_runs(county) == {f"run-{newer.pk}": newer}
    table, items = schools_table(county, two_schools()), items_table(county)
    desk = client_of(county, "bureau")
    assert "86.7%" in page(desk, "/desk/evaluation/new/")
    given = asked(recognition=f"run-{newer.pk}", typed_rate="", typed_source="")
    desk.post("/desk/evaluation/new/?year=2026", given | {"school_table": table.pk, "county_table": items.pk})
    assert Evaluation.objects.get().score_run == newer


def test_changed_score_run_no_longer_gives_the_evaluation(run: ScoreRun) -> None:
    evaluation_of(run.wave.county, score_run=run, typed=None)
    result = run.result | {"estimate": 0.99}
    ScoreRun.objects.filter(pk=run.pk).update(result=result)
    (problem,) = evaluation_problems(Evaluation.objects.get())
    assert "criteria" in problem


def test_other_words_are_told_apart_from_other_figures() -> None:
    evaluation = evaluation_of()
    result = Evaluation.objects.get().result
    result["sentence"]["zh-hans"] = "旧版说法。"
    Evaluation.objects.update(result=result)
    assert any("只是文字说法" in one for one in problems_in_chinese(evaluation))
    result["criteria"][0]["verdict"] = "not_met"
    Evaluation.objects.update(result=result)
    assert not any("只是文字说法" in one for one in problems_in_chinese(evaluation))


def problems_in_chinese(evaluation: Evaluation) -> list[str]:
    with override("zh-hans"):
        return evaluation_problems(Evaluation.objects.get(pk=evaluation.pk))


def test_trial_shows_how_the_countys_chance_moves(run: ScoreRun) -> None:
    short = two_schools(backbone_teachers=1, teachers_above_degree=10)
    evaluation = evaluation_of(run.wave.county, schools=short, score_run=run, typed=None)
    assert evaluation.result["outlook"]["county"] == 0
    desk = client_of(run.wave.county, "bureau")
    mended = "s.0.backbone_teachers=10&s.0.teachers_above_degree=42"
    text = page(desk, f"/desk/evaluation/{evaluation.pk}/what-if/?{mended}")
    assert "全县达标的可能性： &lt;1% → <b>" in text


def test_typed_trial_goes_before_the_score_run(run: ScoreRun) -> None:
    evaluation = evaluation_of(run.wave.county, score_run=run, typed=None)
    desk = client_of(run.wave.county, "bureau")
    answer = desk.get(f"/desk/evaluation/{evaluation.pk}/what-if/?recognition=0.9")
    assert answer.context["after"]["verdict"] == "met"
