"""What if: figures changed in the address, judged again, and nothing stored."""

from __future__ import annotations

import gc

import pytest
from django.test import Client

from analysis.evaluation import evaluation_problems, inputs_of
from analysis.file_errors import EvaluationFileError
from analysis.models import Evaluation, IndicatorTable
from analysis.what_if import MOST_CHANGES, changes_in, evaluate_changed, figures_of
from tests.analysis.counties import junior, primary, records
from tests.analysis.evaluated_counties import evaluation_of, sixty_schools, two_schools
from tests.analysis.test_evaluation_pages import client_of, page
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db


def tried(evaluation: Evaluation, *given: tuple[str, str]) -> dict:
    inputs = inputs_of(evaluation)
    figures = figures_of(inputs)
    return evaluate_changed(inputs, figures, changes_in(given, figures))


def test_what_the_shortfall_says_makes_the_school_pass_and_one_less_does_not() -> None:
    evaluation = evaluation_of(schools=two_schools(teachers_above_degree=20, backbone_teachers=1))
    assert evaluation.verdict == "not_met"
    (planned,) = evaluation.result["plan"]["schools"]
    row = {"teachers_above_degree": 20, "backbone_teachers": 1}
    enough = [(f"s.0.{column}", str(row[column] + units)) for column, units in planned["add"].items()]
    assert tried(evaluation, *enough)["verdict"] == "met"
    for column, units in planned["add"].items():
        less = (f"s.0.{column}", str(row[column] + units - 1))
        assert tried(evaluation, *enough, less)["verdict"] == "not_met"


def test_nothing_is_stored_and_the_evaluation_stays_what_it_was() -> None:
    evaluation = evaluation_of()
    lines = [table.lines for table in IndicatorTable.objects.order_by("pk")]
    desk = client_of(evaluation.county, "reviewer")
    text = page(desk, f"/desk/evaluation/{evaluation.pk}/what-if/?s.0.backbone_teachers=1&recognition=0.7")
    assert "未达标" in text and "结论有变化的指标项" in text
    assert Evaluation.objects.count() == 1
    assert [table.lines for table in IndicatorTable.objects.order_by("pk")] == lines
    assert evaluation_problems(Evaluation.objects.get()) == []


def test_result_is_that_of_a_table_with_the_changed_figures() -> None:
    """The trial of a large county equals the evaluation of the changed table, number by number."""
    schools = sixty_schools(20)
    changed = [dict(one) for one in schools]
    changed[4]["pupils"], changed[9]["equipment_yuan"] = 900, 3_000_000
    county = make_county()
    first = evaluation_of(county, schools=schools)
    again = tried(first, ("s.4.pupils", "900"), ("s.9.equipment_yuan", "300万"))
    whole = Evaluation.objects.get(pk=evaluation_of(county, schools=changed).pk).result
    found, wanted = again.pop("schools"), whole.pop("schools")
    assert again == whole
    touched = ("[0005]", "[0010]")
    assert [one for one in found if one["school"].endswith(touched)] == [
        one for one in wanted if one["school"].endswith(touched)
    ]
    # The others are not written out in full: it would take as long as a new evaluation.
    assert [(one["school"], one["verdict"]) for one in found] == [
        (one["school"], one["verdict"]) for one in wanted
    ]
    assert sum(bool(one["stages"][0]["findings"]) for one in found) == len(touched)


def test_collector_of_garbage_is_on_again_after_an_evaluation_that_was_refused() -> None:
    evaluation = evaluation_of()
    assert gc.isenabled()
    with pytest.raises(EvaluationFileError):
        tried(evaluation, ("s.0.pupils", "很多"))
    assert gc.isenabled()


def test_items_and_recognition_can_be_tried_and_blank_means_unknown() -> None:
    evaluation = evaluation_of()
    assert tried(evaluation, ("i.key_schools", "是"))["verdict"] == "not_met"
    assert tried(evaluation, ("i.key_schools", ""))["verdict"] == "not_computable"
    assert tried(evaluation, ("recognition", "84.9%"))["verdict"] == "not_met"


def test_item_the_county_has_not_answered_can_be_tried() -> None:
    table_without = {"layout_meets_rules": "是"}
    from tests.analysis.evaluated_counties import items_table

    county = make_county()
    evaluation = evaluation_of(county, county_table=items_table(county, table_without))
    after = tried(evaluation, ("i.exchange_share", "12%"), ("i.exchange_backbone_share", "25%"))
    found = next(one for one in after["criteria"] if one["key"] == "exchange")
    assert found["verdict"] == "met"


def test_places_that_are_none_and_values_as_imported_are_no_changes() -> None:
    figures = figures_of(inputs_of(evaluation_of()))
    given = [
        ("s.0.pupils", " 1000 "), ("s.99.pupils", "5"), ("s.x.pupils", "5"), ("s.0.school", "别校"),
        ("s.0", "1"), ("i.nothing", "是"), ("i.key_schools", "否"), ("recognition", ""), ("q", "1"),
    ]  # fmt: skip
    assert changes_in(given, figures) == []
    many = [(f"s.{row}.{column}", "7") for row in (0, 1) for column in figures.columns_of(row)] * 9
    assert len(changes_in(many, figures)) <= MOST_CHANGES
    (last,) = changes_in([("s.0.pupils", "5"), ("s.00.pupils", "6")], figures)
    assert (last.place, last.before, last.after, last.key, last.row) == (
        "s.0.pupils",
        "1000",
        "6",
        "pupils",
        0,
    )


def test_columns_the_standard_needs_can_be_filled_in_where_the_table_lacks_them() -> None:
    school = primary("城关小学", code="S1")
    del school["sports_area_m2"]
    evaluation = evaluation_of(schools=[school, junior("城关中学", code="S2")])
    assert evaluation.verdict == "not_computable"
    assert tried(evaluation, ("s.0.sports_area_m2", "7500"))["verdict"] == "met"


def test_school_in_one_row_is_changed_by_its_stages() -> None:
    both = primary("河湾学校", school_type="nine_year", pupils_primary=500, pupils_junior=500)
    del both["pupils"]
    evaluation = evaluation_of(schools=[both])
    figures = figures_of(inputs_of(evaluation))
    columns = figures.columns_of(0)
    assert "pupils_primary" in columns and "pupils" not in columns
    assert records([both])[0].cells["pupils_primary"] == "500"


@pytest.fixture
def trial() -> tuple[Client, str]:
    evaluation = evaluation_of(schools=sixty_schools(30))
    return client_of(evaluation.county, "bureau"), f"/desk/evaluation/{evaluation.pk}/what-if/"


def test_form_that_sends_all_its_fields_leads_to_an_address_with_the_changes_alone(trial) -> None:
    desk, address = trial
    answer = desk.get(f"{address}?s.3.pupils=1000&s.3.classes=25&row=3&q=0004")
    assert answer["Location"] == f"{address}?s.3.classes=25&q=0004&row=3"
    assert desk.get(answer["Location"]).status_code == 200
    item = desk.get(f"{address}?s.3.classes=25&item=key_schools&item_value=是")
    assert item["Location"].startswith(f"{address}?s.3.classes=25&i.key_schools=")


def test_school_is_found_by_name_or_code_and_its_figures_can_be_edited(trial) -> None:
    desk, address = trial
    assert f"{address}?q=0017&amp;row=16" in page(desk, f"{address}?q=0017")
    form = page(desk, f"{address}?q=0017&row=16")
    assert 'name="s.16.teachers_above_degree"' in form
    assert "没有符合条件的学校" in page(desk, f"{address}?q=没有")


def test_figure_that_is_none_is_refused_with_its_place_and_no_page_breaks(trial) -> None:
    desk, address = trial
    assert "应为不小于0的数" in page(desk, f"{address}?s.3.pupils=很多")
    assert "第5行" in page(desk, f"{address}?s.3.pupils=很多")
    for odd in ("?row=-1", "?row=99999", "?row=²", "?q=%00", "?recognition=x", "?s.3.pupils=" + "9" * 300):
        assert desk.get(address + odd, follow=True).status_code == 200, odd


def test_change_can_be_taken_back(trial) -> None:
    desk, address = trial
    text = page(desk, f"{address}?s.3.pupils=900&s.4.pupils=800")
    assert f'href="{address}?s.4.pupils=800&amp;row=3"' in text
