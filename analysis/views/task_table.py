"""The task table's desk (任务分解表): the whole table, one criterion to write, and the spreadsheet."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.indicators import standard_of, standards_of, years_with_figures
from analysis.ledger_forms import DEPARTMENTS_LIST, EARLIEST_YEAR, LATEST_YEAR, LONGEST_DEPARTMENT
from analysis.models import Evaluation, TaskLine
from analysis.reports.files import XLSX, download
from analysis.reports.ledger_excel import task_workbook
from analysis.standard_parts import Standard
from analysis.task_table import (
    FIELDS,
    TaskTable,
    known_departments,
    lines_of_criterion,
    task_table,
    write_line,
)
from surveys.models import County
from surveys.questionnaire import text_in

FIRST_STANDARD = "quality-balance-2017"
LONGEST_TEXT = 2_000


class LineForm(forms.Form):
    """What the bureau writes beside a criterion."""

    department = forms.CharField(
        label=gettext_lazy("Responsible department"),
        max_length=LONGEST_DEPARTMENT,
        required=False,
        widget=forms.TextInput({"list": DEPARTMENTS_LIST, "autocomplete": "off"}),
    )
    expected = forms.CharField(
        label=gettext_lazy("Expected result"), max_length=LONGEST_TEXT, required=False,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    measures = forms.CharField(
        label=gettext_lazy("Next measures"), max_length=LONGEST_TEXT, required=False,
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    remarks = forms.CharField(
        label=gettext_lazy("Remarks"), max_length=LONGEST_TEXT, required=False,
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip


@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """The table of ?year= and ?standard=; the newest evaluation's where nothing is chosen."""
    county = request.scope.county
    table = _chosen_table(request)
    context = {
        "table": table,
        "standard_name": standard_name(table.standard),
        "filters": [
            {
                "name": "year", "label": _("Year"),
                "options": [(str(year), str(year)) for year in _years(county, table.year)],
                "chosen": str(table.year),
            },
            {
                "name": "standard", "label": _("Standard"),
                "options": [(key, standard_name(one)) for key, one in standards_of(county).items()],
                "chosen": table.standard.key,
            },
        ],
    }  # fmt: skip
    return render(request, "desk/ledger/tasks.html", context)


@require_safe
def tasks_xlsx(request: HttpRequest) -> HttpResponse:
    """The same table as a spreadsheet."""
    table, today = _chosen_table(request), timezone.localdate()
    content = task_workbook(
        table, county=request.scope.county, standard_name=standard_name(table.standard), today=today
    )
    return download(content, f"tasks-{table.standard.key}-{table.year}.xlsx", XLSX)


@require_http_methods(["GET", "HEAD", "POST"])
def task_line(request: HttpRequest, year: int, standard: str, criterion: str) -> HttpResponse:
    """One criterion's line, and everything that was written there before. The bureau saves, readers read."""
    county = request.scope.county
    found = standard_of(county, standard)
    if found is None or not EARLIEST_YEAR <= year <= LATEST_YEAR:
        raise Http404
    table = task_table(county, year=year, standard=found)
    keys = [row.criterion.key for row in table.rows]
    if criterion not in keys:
        raise Http404
    row = table.rows[keys.index(criterion)]
    form = LineForm(request.POST or None, initial={field: getattr(row, field) for field in FIELDS})
    back = f"{reverse('tasks')}?year={year}&standard={standard}"
    if request.method == "POST" and form.is_valid():
        line = write_line(
            county, year=year, standard=found, criterion=criterion, texts=form.cleaned_data,
            by=request.user, now=timezone.now(),
        )  # fmt: skip
        said = _("The line is saved.") if line else _("Nothing was changed.")
        messages.success(request, said)
        following = keys[keys.index(criterion) + 1 :]
        if request.POST.get("then") == "next" and following:
            return redirect("task_line", year, standard, following[0])
        return redirect(f"{back}#{criterion}")
    context = {
        "form": form,
        "row": row,
        "table": table,
        "back": back,
        "standard_name": standard_name(found),
        "has_next": criterion != keys[-1],
        "departments": known_departments(county),
        "history": lines_of_criterion(county, year=year, standard_key=standard, criterion=criterion),
    }
    return render(request, "desk/ledger/task_line.html", context, status=422 if form.errors else 200)


def standard_name(standard: Standard) -> str:
    return text_in(standard.name, get_language() or "zh-hans")


def _chosen_table(request: HttpRequest) -> TaskTable:
    county = request.scope.county
    newest = (
        Evaluation.objects.filter(county=county).order_by("-at", "-pk").values("year", "standard_key").first()
    )
    year, key = request.GET.get("year", ""), request.GET.get("standard", "")
    if not (year.isdecimal() and len(year) == 4 and EARLIEST_YEAR <= int(year) <= LATEST_YEAR):
        year = newest["year"] if newest else timezone.localdate().year
    standards = standards_of(county)
    if key not in standards:
        key = newest["standard_key"] if newest else FIRST_STANDARD
    standard = standards.get(key) or standards[FIRST_STANDARD]
    return task_table(county, year=int(year), standard=standard)


def _years(county: County, chosen: int) -> list[int]:
    written = TaskLine.objects.filter(county=county).order_by().values_list("year", flat=True).distinct()
    this = timezone.localdate().year
    return sorted({this, this + 1, chosen, *written, *years_with_figures(county)}, reverse=True)
