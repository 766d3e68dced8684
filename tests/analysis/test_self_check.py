"""A school's own row and the figures it sends in: its own only, and only the bureau makes them count."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from analysis.evaluation import EvaluationInputs, evaluate_county
from analysis.indicators import current_table, records_of, store_table
from analysis.models import IndicatorTable, SchoolFigures
from analysis.school_figures import (
    FiguresRefused,
    accept_figures,
    figure_changes,
    own_records,
    return_figures,
    rows_to_fill,
    submit_figures,
)
from analysis.school_figures_form import FiguresForm
from analysis.school_table import Record
from analysis.self_check import own_check
from analysis.standard import shipped_standard
from surveys.models import School
from tests.analysis.counties import primary, records
from tests.analysis.ledger_county import NOW, STANDARD, ledger_county

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def place():
    return ledger_county()


def filled(place, school: School, **changes: str) -> list[Record]:
    rows = rows_to_fill(school, current_table(place.county, 2026, "schools"))
    return [Record(row.line, {**row.cells, **changes}) for row in rows]


def sent(place, school: School, **changes: str) -> SchoolFigures:
    head = place.user("school", school)
    return submit_figures(school, filled(place, school, **changes), year=2026, remark="", by=head, now=NOW)


def test_school_reads_its_indicators_against_limit_and_floor(place):
    """7 backbone teachers of 1,000 pupils: 0.7 against 1, floor 0.85; 3 to the limit, 2 to the floor."""
    check = own_check(place.schools[1], year=2026)
    assert check.basis == "tried"
    (stage, whole) = check.stages
    assert len(stage.indicators) == 7 and stage.met == 6
    missed = next(one for one in stage.indicators if one.verdict == "not_met")
    assert (missed.value, missed.limit, missed.floor) == ("0.7", "≥1", "0.85")
    assert missed.is_under_floor and "3" in missed.lacking and "2" in missed.to_floor
    assert check.verdict == "not_met"
    assert [one.verdict for one in whole.findings] == ["met", "met", "met"]


def test_frozen_evaluation_goes_first_while_it_saw_the_same_table(place):
    evaluation = place.evaluation()
    check = own_check(place.schools[1], year=2026)
    assert (check.basis, check.at) == ("evaluated", evaluation.at)
    accept_figures(sent(place, place.schools[1], backbone_teachers="10"), by=place.bureau, now=NOW)
    after = own_check(place.schools[1], year=2026)
    assert (after.basis, after.verdict) == ("tried", "met")


def test_evaluation_that_says_nothing_about_schools_is_passed_over(place):
    evaluation = place.evaluation()
    inputs = EvaluationInputs(shipped_standard("district-targets"), school_table=place.table)
    newer = evaluate_county(
        place.county, year=2026, stage="county", inputs=inputs, by=None, now=NOW + timedelta(days=1)
    )
    assert newer.at > evaluation.at
    check = own_check(place.schools[1], year=2026)
    assert (check.at, len(check.stages[0].indicators)) == (evaluation.at, 7)


def test_evaluated_and_tried_say_the_same_of_one_table(place):
    tried = own_check(place.schools[1], year=2026)
    place.evaluation()
    assert own_check(place.schools[1], year=2026).stages == tried.stages


def test_schools_of_one_name_never_get_each_others_row(place):
    twin = place.schools[0]
    School.objects.filter(pk=twin.pk).update(name=place.schools[1].name)
    bare = [{**primary("第二小学", backbone_teachers=7)}, primary("第三小学")]
    store_table(
        county=place.county, year=2026, level="schools", standard=STANDARD, file_name="无代码.csv",
        by=place.bureau, records=records(bare),
    )  # fmt: skip
    assert own_check(place.schools[1], year=2026) is None
    assert own_check(School.objects.get(pk=twin.pk), year=2026) is None
    assert own_check(place.schools[2], year=2026) is not None


def test_code_decides_where_names_are_alike(place):
    rows = records([primary("同名小学", code=school.code) for school in place.schools])
    for number, school in enumerate(place.schools):
        assert [row.line for row in own_records(rows, school)] == [number + 2]


def test_only_one_submission_waits(place):
    first = sent(place, place.schools[1])
    with pytest.raises(FiguresRefused):
        sent(place, place.schools[1])
    return_figures(first, by=place.bureau, now=NOW, reason="班级数有误")
    assert first.state == "returned"
    assert sent(place, place.schools[1]).state == "submitted"


def test_returning_asks_for_a_reason(place):
    figures = sent(place, place.schools[1])
    with pytest.raises(FiguresRefused):
        return_figures(figures, by=place.bureau, now=NOW, reason=" ")
    figures.refresh_from_db()
    assert figures.state == "submitted"


def test_accepting_replaces_this_schools_row_and_no_other(place):
    before = records_of(place.table)
    figures = sent(place, place.schools[1], backbone_teachers="12", art_rooms="")
    made = accept_figures(figures, by=place.bureau, now=NOW)
    assert (figures.state, figures.table, figures.decided_by) == ("accepted", made, place.bureau)
    assert made.pk != place.table.pk and current_table(place.county, 2026, "schools") == made
    after = records_of(made)
    assert [after[0], after[2]] == [before[0], before[2]]
    assert after[1].cells["backbone_teachers"] == "12" and after[1].line == before[1].line
    assert made.changes["school_figures"] == figures.pk
    assert IndicatorTable.objects.get(pk=place.table.pk).lines == place.table.lines
    with pytest.raises(FiguresRefused):
        accept_figures(figures, by=place.bureau, now=NOW)


def test_accepting_after_another_table_came_keeps_that_tables_other_rows(place):
    figures = sent(place, place.schools[1], backbone_teachers="12")
    rows = records([
        primary("第三小学", code=place.schools[2].code, largest_class=45),
        primary("第二小学", code=place.schools[1].code, backbone_teachers=9),
    ])  # fmt: skip
    store_table(
        county=place.county, year=2026, level="schools", standard=STANDARD, file_name="新表.csv",
        by=place.bureau, records=rows,
    )  # fmt: skip
    cells = [row.cells for row in records_of(accept_figures(figures, by=place.bureau, now=NOW))]
    assert [(one["school"], one["backbone_teachers"]) for one in cells] == [
        ("第三小学", "10"),
        ("第二小学", "12"),
    ]
    assert cells[0]["largest_class"] == "45"


def test_differences_name_what_changed_and_mark_the_large_ones(place):
    figures = sent(
        place, place.schools[1], backbone_teachers="8", equipment_yuan="200", pupils="1,000", art_rooms=""
    )
    found = {one.column: (one.before, one.after, one.is_large) for one in figure_changes(figures, STANDARD)}
    assert found == {
        "backbone_teachers": ("7", "8", False),
        "equipment_yuan": ("2000000", "200", True),
        "art_rooms": ("2", "", False),
    }


def test_form_is_prefilled_and_refuses_what_is_no_number(place):
    rows = rows_to_fill(place.schools[1], place.table)
    form = FiguresForm(rows=rows, standard=STANDARD)
    assert form["r0-backbone_teachers"].value() == "7"
    assert "r0-school" not in form.fields and "r0-stage" not in form.fields
    data = {name: form[name].value() for name in form.fields}
    bad = FiguresForm({**data, "r0-pupils": "很多", "r0-classes": "-3"}, rows=rows, standard=STANDARD)
    assert not bad.is_valid() and set(bad.errors) == {"r0-pupils", "r0-classes"}
    good = FiguresForm({**data, "r0-equipment_yuan": "390万"}, rows=rows, standard=STANDARD)
    assert good.is_valid()
    cells = good.filled()[0].cells
    assert (cells["equipment_yuan"], cells["school"]) == ("390万", "第二小学")


def test_school_of_two_stages_fills_in_a_row_for_each(place):
    school = School.objects.get(pk=place.schools[0].pk)
    School.objects.filter(pk=school.pk).update(stage="nine_year", name="新建学校", code="N1")
    school.refresh_from_db()
    rows = rows_to_fill(school, place.table)
    assert [row.cells["stage"] for row in rows] == ["小学", "初中"]
    assert len({row.line for row in rows} | {row.line for row in records_of(place.table)}) == 5
    one_row = [Record(9, {"school": "新建学校", "code": "N1", "school_type": "九年一贯制"})]
    form = FiguresForm(rows=one_row, standard=STANDARD)
    assert {"r0-pupils_primary", "r0-pupils_junior", "r0-teaching_area_m2"} <= set(form.fields)


def test_rows_that_make_no_school_are_refused_before_they_are_kept(place):
    rows = filled(place, place.schools[1], stage="高中")
    with pytest.raises(FiguresRefused):
        submit_figures(place.schools[1], rows, year=2026, remark="", by=place.bureau, now=NOW)
    assert not SchoolFigures.objects.exists()
