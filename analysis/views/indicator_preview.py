"""An uploaded table before it counts: what its headings mean, what is doubtful, what it would change."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.indicator_files.county_lines import item_name, item_names
from analysis.indicator_files.heading_words import MU, Times
from analysis.indicator_files.headings import TIMES, FoundTable, Heading, choices_of, heading_key
from analysis.indicator_files.previews import (
    Preview,
    chosen_of,
    headings_of,
    items_of,
    preview_of,
    tables_in,
)
from analysis.indicator_files.remarks import Remark
from analysis.indicator_files.several_sheets import headings_in
from analysis.indicator_files.uploads import (
    TableMoved,
    accept_upload,
    choices_from,
    choose_sheets,
    waiting_upload,
)
from analysis.indicator_files.workbooks import column_name, remarks_book
from analysis.indicator_forms import language, spoken
from analysis.indicators import TableRefused, standard_of
from analysis.models import IndicatorUpload, TableLevel
from analysis.views.indicators import download, grouped
from surveys.roster.headings import letter
from surveys.views.lists import page_of

_TIMES = {str(times): times for times in TIMES}
REMARKS_PER_PAGE = 50
MOST_LINES_SHOWN = 200  # of every other list; the rest is counted


@dataclass(frozen=True)
class HeadingRow:
    """A line of the mapping page: a heading of the file and what it is taken for."""

    number: int
    place: str
    heading: Heading


@dataclass(frozen=True)
class RemarkRow:
    """A remark in the reader's words."""

    remark: Remark
    place: str
    text: str
    kind: str


@dataclass(frozen=True)
class ChangeRow:
    who: str
    what: str
    old: str
    new: str


@require_http_methods(["GET", "HEAD", "POST"])
def mapping(request: HttpRequest, token: str) -> HttpResponse:
    """What each heading of the file means; the answers are used for the preview and remembered with it."""
    upload = _waiting(request, token)
    standard = standard_of(request.scope.county, upload.standard_key) if upload else None
    if upload is None or standard is None:
        return _gone(request)
    is_county = upload.level == TableLevel.COUNTY
    tables = tables_in(upload)
    chosen = chosen_of(upload, tables)
    headings = items_of(upload) if is_county else headings_in(chosen)
    refused = ""
    if request.method == "POST":
        try:
            _take(request, upload, headings, tables)
            # Another sheet may have headings that nobody was asked about yet.
            is_clear = is_county or all(one.is_sure for one in headings_of(upload))
            return redirect("indicator_preview" if is_clear else "indicator_mapping", upload.token)
        except TableRefused as error:
            refused = str(error)
            headings = _as_given(request, headings)
            if len(tables) > 1:
                chosen = [one for one in tables if one.sheet in request.POST.getlist("sheet")]
    if is_county:
        keys = list(dict.fromkeys(item_names(standard).values()))
        options = [(key, spoken(item_name(key, standard))) for key in keys]
    else:
        options = [(key, column_name(key, standard, language())) for key in choices_of(standard)]
    rows = [
        HeadingRow(number, str(one.index) if is_county else letter(one.index), one)
        for number, one in enumerate(headings)
    ]
    context = {
        "upload": upload,
        "standard": spoken(standard.name),
        "to_say": [row for row in rows if not row.heading.is_sure],
        "known": [row for row in rows if row.heading.is_sure and row.heading.state != "ignored"],
        "options": options,
        "times": [(one, times_word(one)) for one in TIMES],
        "is_county": is_county,
        "sheets": [(one.sheet, len(one.rows), one in chosen) for one in tables] if len(tables) > 1 else [],
        "refused": refused,
    }
    return render(request, "desk/indicators/mapping.html", context, status=422 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """What the uploaded table would do; posting accepts it whole or throws it away."""
    upload = _waiting(request, token)
    if upload is None:
        return _gone(request)
    if request.method == "POST" and request.POST.get("decision") == "discard":
        upload.delete()
        messages.info(request, _("The upload was thrown away; nothing was changed."))
        return redirect("indicators")
    try:
        found = preview_of(upload)
    except TableRefused as error:
        messages.error(request, str(error))
        return redirect("indicator_mapping", token) if headings_of(upload) else redirect("indicators")
    if request.method == "POST":
        return _accept(request, found)
    kinds = _kinds()
    chosen = request.GET.get("kind", "")
    telling = [one for one in found.remarks if one.weight != "note"]
    there = list(dict.fromkeys(one.kind for one in telling))
    remarks = [one for one in telling if chosen not in there or one.kind == chosen]
    changes = found.changes
    context = {
        "upload": upload,
        "found": found,
        "standard": spoken(found.standard.name),
        "page": page_of(request, [_row(one, kinds) for one in remarks], size=REMARKS_PER_PAGE),
        "filters": [
            {
                "name": "kind",
                "label": _("Kind of doubt"),
                "all": _("All kinds"),
                "options": [(kind, kinds[kind]) for kind in there],
                "chosen": chosen,
            }
        ],
        "notes": [_row(one, kinds) for one in found.notes][:MOST_LINES_SHOWN],
        "changes": changes,
        "changed": [change_row(one, found) for one in changes.changed[:MOST_LINES_SHOWN]],
        "added": [_called(one, found) for one in changes.added[:MOST_LINES_SHOWN]],
        "gone": [_called(one, found) for one in changes.gone[:MOST_LINES_SHOWN]],
        "evidence": upload.evidence.filter(withdrawn_at=None),
        "most": MOST_LINES_SHOWN,
        "headings": [
            (one.text, _called_column(one.column, found), times_word(one.times) if one.times != 1 else "")
            for one in found.headings
            if one.state != "ignored"
        ],
    }
    return render(request, "desk/indicators/preview.html", context)


@require_safe
def problems(request: HttpRequest, token: str) -> HttpResponse:
    """Everything to mend or to look at, as a spreadsheet."""
    upload = _waiting(request, token)
    if upload is None:
        return _gone(request)
    try:
        found = preview_of(upload)
    except TableRefused as error:
        messages.error(request, str(error))
        return redirect("indicators")
    return download(remarks_book(found.remarks), "entries-to-look-at.xlsx")


def change_row(change, found: Preview) -> ChangeRow:
    who = f"{change.who}（{change.stage}）" if change.stage else change.who
    return ChangeRow(who, _called_column(change.what, found), grouped(change.old), grouped(change.new))


def _accept(request: HttpRequest, found: Preview) -> HttpResponse:
    try:
        table = accept_upload(
            found, by=request.user, now=timezone.now(), seen=request.POST.get("seen", ""),
            doubts_seen=request.POST.get("doubts_seen") == "yes",
        )  # fmt: skip
    except TableMoved as moved:
        messages.warning(request, str(moved))
        return redirect("indicator_preview", found.upload.token)
    except TableRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("indicator_preview", found.upload.token)
    messages.success(request, _("The table is accepted and counts from now on."))
    return redirect("indicator_table", table.pk)


def _waiting(request: HttpRequest, token: str) -> IndicatorUpload | None:
    return waiting_upload(token, county=request.scope.county, by=request.user, now=timezone.now())


def _gone(request: HttpRequest) -> HttpResponse:
    messages.warning(request, _("This upload is no longer waiting: it was accepted, or it is too old."))
    return redirect("indicators")


def _take(
    request: HttpRequest, upload: IndicatorUpload, headings: tuple[Heading, ...], tables: list[FoundTable]
) -> None:
    """What the form says of sheets and headings. TableRefused if it cannot be so; then nothing is kept."""
    names = request.POST.getlist("sheet") if len(tables) > 1 else [one.sheet for one in tables]
    chosen = [one for one in tables if one.sheet in names]
    if tables and not chosen:
        raise TableRefused(_("Choose at least one sheet."))
    given = _given(request, headings)
    # A sheet that is chosen only now is asked about on the next page.
    together = [keys for one in chosen if (keys := _keys(one)) <= {heading_key(h.text) for h in headings}]
    understood = {heading_key(one.text): (one.column, one.times) for one in headings if one.is_sure}
    choices_from(upload, given, understood=understood, together=together if chosen else None)
    if tables:
        choose_sheets(upload, names)


def _keys(table: FoundTable) -> set[str]:
    return {heading_key(one.text) for one in table.headings}


def times_word(times: Times) -> str:
    """What the figures below a heading are multiplied by."""
    words = {
        1: _("as asked for"),
        100: _("× 100 (百)"),
        1_000: _("× 1,000 (千)"),
        10_000: _("× 10,000 (万)"),
        10**8: _("× 100,000,000 (亿)"),
        MU: _("× 10,000 ÷ 15 (亩 to ㎡)"),
    }
    return words[times]


def _given(request: HttpRequest, headings: tuple[Heading, ...]) -> dict[str, tuple[str, Times]]:
    """heading_key → (column, times) as the form says; what the form does not ask stays as it is."""
    given = {}
    for number, heading in enumerate(headings):
        if heading.state == "ignored":
            continue
        column = request.POST.get(f"column_{number}", heading.column)[:100]
        times = _TIMES.get(request.POST.get(f"times_{number}", str(heading.times)), 0)
        is_new = f"column_{number}" in request.POST
        if is_new or heading.column:
            given[heading_key(heading.text)] = (column, times)
    return given


def _as_given(request: HttpRequest, headings: tuple[Heading, ...]) -> tuple[Heading, ...]:
    """The headings as the refused form had them, so that nothing has to be chosen twice."""
    said = _given(request, headings)
    return tuple(
        Heading(
            one.index,
            one.text,
            *said.get(heading_key(one.text), (one.column, one.times)),
            one.state,
            one.samples,
        )
        for one in headings
    )


def _row(remark: Remark, kinds: dict[str, str]) -> RemarkRow:
    return RemarkRow(remark, remark.place()[language()], remark.text(language()), kinds[remark.kind])


def _called(name: str, found: Preview) -> str:
    """A school as it is; an item by its name."""
    return spoken(item_name(name, found.standard)) if found.upload.level == TableLevel.COUNTY else name


def _called_column(key: str, found: Preview) -> str:
    return column_name(key, found.standard, language()) if key else ""


def _kinds() -> dict[str, str]:
    return {
        "entry": _("Entries that cannot be used"),
        "twice": _("Standing twice"),
        "unit": _("Unit slips"),
        "ratio": _("Impossible ratios"),
        "total": _("Totals that do not add up"),
        "roster": _("Against the roster"),
        "before": _("Ten times off an earlier year"),
        "missing": _("Missing"),
        "left_out": _("Left out"),
        "split": _("Divided by stage"),
    }
