"""Frozen evaluations: what is kept, that it stays, and that it can be computed again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from analysis.evaluation import (
    EvaluationInputs,
    EvaluationRefused,
    TypedRecognition,
    evaluate_county,
    evaluation_problems,
)
from analysis.indicators import withdraw_table
from analysis.models import Evaluation
from analysis.standard import shipped_standard
from scoring.models import FrozenRecordError, ScoreRun
from surveys.waves import close_wave, open_wave
from tests.analysis.counties import QUALITY, evaluate_file, good_items
from tests.analysis.evaluated_counties import evaluation_of, items_table, schools_table, two_schools
from tests.surveys.builders import make_county, make_school, make_wave

pytestmark = pytest.mark.django_db


def test_desk_and_command_give_the_same_result(tmp_path: Path) -> None:
    schools = two_schools(teachers_above_degree=30)
    stored = Evaluation.objects.get(pk=evaluation_of(schools=schools, prices={"equipment_yuan": "1"}).pk)
    printed = evaluate_file(
        tmp_path, schools, items=good_items(),
        arguments=["--recognition", "0.872", "--price", "equipment_yuan=1"],
    )  # fmt: skip
    recognition = next(one for one in stored.result["criteria"] if one["key"] == "recognition")
    assert recognition["details"].pop("source") == "省教育厅2026年测评通报"
    assert json.loads(json.dumps(stored.result)) == printed


def test_standard_seed_settings_and_source_are_kept_beside_the_result() -> None:
    evaluation = evaluation_of(settings={"retention_formula": "B"}, seed=7)
    standard = shipped_standard(QUALITY)
    assert (evaluation.standard_text, evaluation.standard_digest) == (standard.text, standard.digest)
    assert (evaluation.seed, evaluation.setting_values) == (7, {"retention_formula": "B"})
    assert (evaluation.verdict, evaluation.typed_recognition) == ("met", "0.872")


def test_evaluation_is_never_changed_and_never_deleted() -> None:
    evaluation = evaluation_of()
    evaluation.verdict = "not_met"
    with pytest.raises(FrozenRecordError):
        evaluation.save()
    with pytest.raises(FrozenRecordError):
        evaluation.delete()
    assert Evaluation.objects.get().verdict == "met"


def test_untouched_evaluation_is_computed_again_to_the_same_result() -> None:
    evaluation_of(schools=two_schools(equipment_yuan=1_500_000, teachers_above_degree=20))
    assert evaluation_problems(Evaluation.objects.get()) == []


def test_changed_result_is_found_even_with_a_new_digest() -> None:
    from analysis.evaluation import digest_of

    evaluation = evaluation_of(schools=two_schools(teachers_above_degree=20, backbone_teachers=5))
    assert evaluation.verdict == "not_met"
    forged = Evaluation.objects.get()
    forged.result["verdict"] = forged.verdict = "met"
    Evaluation.objects.update(result=forged.result, verdict="met")
    assert len(evaluation_problems(Evaluation.objects.get())) == 2  # digest, and computed again
    Evaluation.objects.update(digest=digest_of(forged))
    (problem,) = evaluation_problems(Evaluation.objects.get())
    assert "verdict" in problem


def test_changed_year_or_source_no_longer_fits_the_digest() -> None:
    evaluation_of()
    Evaluation.objects.update(typed_recognition_source="别处")
    assert len(evaluation_problems(Evaluation.objects.get())) == 2  # the source stands in the result too
    Evaluation.objects.update(typed_recognition_source="省教育厅2026年测评通报", year=2025)
    assert len(evaluation_problems(Evaluation.objects.get())) == 1


def test_command_names_the_evaluation_that_differs() -> None:
    first, second = evaluation_of(), evaluation_of()
    out = io.StringIO()
    call_command("verify_evaluations", stdout=out)
    assert "2 evaluations" in out.getvalue()
    Evaluation.objects.filter(pk=second.pk).update(seed=3)
    with pytest.raises(CommandError, match="1 of 2"):
        call_command("verify_evaluations", stdout=out)
    assert f"no. {second.pk}" in out.getvalue()
    assert f"no. {first.pk}" not in out.getvalue()
    with pytest.raises(CommandError, match="no evaluation of a county"):
        call_command("verify_evaluations", county="none", stdout=out)


def scored_county() -> ScoreRun:
    from scoring.runs import score_wave

    county = make_county()
    make_school(county)
    wave = make_wave(county)
    open_wave(wave, by=None, now=timezone.now())
    close_wave(wave, by=None, now=timezone.now())
    return score_wave(wave, by=None, now=timezone.now())


def test_recognition_of_a_score_run_without_replies_is_not_computable_and_repeatable() -> None:
    run = scored_county()
    evaluation = evaluation_of(run.wave.county, score_run=run, typed=None)
    found = next(one for one in evaluation.result["criteria"] if one["key"] == "recognition")
    assert (evaluation.verdict, found["verdict"]) == ("not_computable", "not_computable")
    assert evaluation_problems(Evaluation.objects.get()) == []


def refusal(county, **inputs) -> str:
    stage = inputs.pop("stage", "county")
    asked = EvaluationInputs(standard=shipped_standard(QUALITY), **inputs)
    with pytest.raises(EvaluationRefused) as refused:
        evaluate_county(county, year=2026, stage=stage, inputs=asked, by=None, now=timezone.now())
    return str(refused.value)


def test_what_does_not_fit_together_is_refused_with_a_sentence(settings) -> None:
    settings.LANGUAGE_CODE = "en"
    from django.utils import translation

    with translation.override("en"):
        run, elsewhere = scored_county(), make_county()
        county = run.wave.county
        table = schools_table(county, two_schools())
        typed = TypedRecognition("0.9", "")
        assert refusal(county).startswith("Nothing to evaluate")
        refused = refusal(county, school_table=table, stage="x")
        assert "allowed: County self-assessment, City review" in refused
        assert "does not belong here" in refusal(elsewhere, school_table=table)
        assert "does not belong here" in refusal(county, school_table=items_table(county))
        assert "does not belong here" in refusal(
            elsewhere, school_table=schools_table(elsewhere, two_schools()), score_run=run
        )
        assert "Say where" in refusal(county, school_table=table, typed=typed)
        assert "not from both" in refusal(county, school_table=table, typed=typed, score_run=run)
        withdraw_table(table, by=None, reason="重报")
        assert "was taken back" in refusal(county, school_table=table)
    assert not Evaluation.objects.exists()
