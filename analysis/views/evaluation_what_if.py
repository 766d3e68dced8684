"""What if: figures changed in the address, the verdict before and after; nothing is saved."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.county_items import RECOGNITION
from analysis.evaluation import inputs_of
from analysis.evaluation_figures import without_collector
from analysis.evaluation_reading import (
    Result,
    dispersion_lines,
    school_key,
    school_line,
    standard_of_evaluation,
)
from analysis.file_errors import EvaluationFileError
from analysis.standard_parts import Standard
from analysis.templatetags.evaluation import reader_language, stage_word, texts
from analysis.views.evaluation import county_sentence, evaluation_of_county, page_context, turned
from analysis.what_if import (
    MOST_CHANGES,
    Change,
    Figures,
    changes_in,
    evaluate_changed,
    figures_of,
    touched_schools,
)
from surveys.views.lists import search_words

MOST_FOUND = 20


@require_safe
@without_collector()
def what_if(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """?s.ROW.COLUMN=, ?i.ITEM=, ?recognition= are changes; ?q=, ?row= and ?item= choose what to change.

    Whoever reads may try: the address holds everything, so it can be sent to a colleague.
    """
    found = evaluation_of_county(request, evaluation_id)
    inputs = inputs_of(found)
    figures = figures_of(inputs)
    given = [(place, text) for place in request.GET for text in request.GET.getlist(place)]
    if request.GET.get("item_value") is not None:
        given.append((f"i.{request.GET.get('item', '')}", request.GET["item_value"]))
    changes = changes_in(given, figures)
    words, row = search_words(request), _row(request, figures)
    canonical = _address(found.pk, changes, words=words, row=row)
    if _is_longer(request, changes):
        return redirect(canonical)
    refused, after = "", None
    if changes:
        try:
            after = evaluate_changed(inputs, figures, changes)
        except EvaluationFileError as error:
            refused = error.texts[reader_language()]
    standard = standard_of_evaluation(found)
    context = page_context(found, "evaluation_what_if") | {
        "changes": [_change_line(one, figures, found.pk, changes) for one in changes],
        "hidden": [(one.place, one.after) for one in changes],
        "kept": [(one.place, one.after) for one in changes if one.row != row],
        "without_recognition": [(one.place, one.after) for one in changes if one.place != RECOGNITION],
        "most": MOST_CHANGES,
        "refused": refused,
        "after": after,
        "sentence": county_sentence(after) if after else "",
        "turned": turned(found.result, after) if after else None,
        "coefficients": _coefficients(found.result, after) if after else [],
        "schools": _schools(found.result, after, figures, changes, standard) if after else [],
        "words": words,
        "matches": _matches(figures, words, changes, found.pk),
        "row": row,
        "row_name": _row_name(figures, row) if row is not None else "",
        "amounts": _amounts(figures, row, changes) if row is not None else [],
        "items": [(key, texts(item.name), figures.item_values[key]) for key, item in standard.items.items()],
        "recognition": next((one.after for one in changes if one.place == RECOGNITION), ""),
    }
    return render(request, "desk/evaluation/what_if.html", context)


def _row(request: HttpRequest, figures: Figures) -> int | None:
    asked = request.GET.get("row", "")
    return int(asked) if asked.isascii() and asked.isdecimal() and int(asked) < len(figures.records) else None


def _is_longer(request: HttpRequest, changes: list[Change]) -> bool:
    """Whether the address names places that are no changes: a form sends all its fields."""
    named = [name for name in request.GET if name[:2] in ("s.", "i.") or name in (RECOGNITION, "item_value")]
    return set(named) != {one.place for one in changes}


def _address(pk: int, changes: list[Change], *, words: str = "", row: int | None = None) -> str:
    query = [(one.place, one.after) for one in changes]
    query += [("q", words)] if words else []
    query += [("row", str(row))] if row is not None else []
    return reverse("evaluation_what_if", args=[pk]) + (f"?{urlencode(query)}" if query else "")


def _change_line(one: Change, figures: Figures, pk: int, changes: list[Change]) -> dict[str, Any]:
    standard = figures.standard
    if one.row is not None:
        name = f"{_row_name(figures, one.row)} · {_column_name(one.key, standard)}"
    elif one.place == RECOGNITION:
        name = _("Social recognition rate")
    else:
        name = texts(standard.items[one.key].name)
    others = [other for other in changes if other is not one]
    return {
        "name": name,
        "before": one.before,
        "after": one.after,
        "without": _address(pk, others, row=one.row),
    }


def _matches(figures: Figures, words: str, changes: list[Change], pk: int) -> dict[str, Any]:
    """The rows whose school or code has the words; none before something is searched."""
    rows = [
        row
        for row, record in enumerate(figures.records)
        if words
        and words.lower() in f"{record.cells.get('code', '')} {record.cells.get('school', '')}".lower()
    ]
    return {
        "found": [
            (_row_name(figures, row), _address(pk, changes, words=words, row=row))
            for row in rows[:MOST_FOUND]
        ],
        "more": max(0, len(rows) - MOST_FOUND),
    }


def _amounts(figures: Figures, row: int, changes: list[Change]) -> list[dict[str, Any]]:
    changed = {one.place: one.after for one in changes}
    cells = figures.records[row].cells
    return [
        {
            "place": f"s.{row}.{column}",
            "name": _column_name(column, figures.standard),
            "value": changed.get(f"s.{row}.{column}", cells.get(column, "")),
            "is_changed": f"s.{row}.{column}" in changed,
            "imported": cells.get(column, ""),
        }
        for column in figures.columns_of(row)
    ]


def _column_name(column: str, standard: Standard) -> str:
    if column in standard.columns:
        return texts(standard.columns[column].name)
    head, _dash, stage = column.rpartition("_")
    return f"{texts(standard.columns[head].name)} ({stage_word(stage)})"


def _row_name(figures: Figures, row: int) -> str:
    cells = figures.records[row].cells
    parts = (cells.get("code", ""), cells.get("school", ""), cells.get("stage", ""))
    return " ".join(part.strip() for part in parts if part.strip())


def _coefficients(before: Result, after: Result) -> list[dict[str, Any]]:
    """The coefficients that moved."""
    earlier = {(one["indicator"], one["stage"]): one for one in before["dispersions"]}
    return [
        {"name": texts(one["name"]), "before": earlier[place], "after": one}
        for one in dispersion_lines(after)
        if (place := (one["indicator"], one["stage"])) in earlier and earlier[place]["cv"] != one["cv"]
    ]


def _schools(
    before: Result, after: Result, figures: Figures, changes: list[Change], standard: Standard
) -> list[dict[str, Any]]:
    """The schools whose figures were changed, with what they lack before and after."""
    touched = touched_schools(figures, changes)
    lines = []
    for place, school in enumerate(after["schools"]):
        if school_key(school["school"]) not in touched:
            continue
        now = school_line(after, place, standard, language=reader_language())
        then = next(
            (school_line(before, number, standard, language=reader_language())
             for number, one in enumerate(before["schools"])
             if school_key(one["school"]) == school_key(school["school"])),
            None,
        )  # fmt: skip
        lines.append({"now": now, "then": then})
    return lines
