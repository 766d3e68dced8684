"""Targets and hard stops per place and audience: a table to search and edit, and a spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys.models import Collector, Township, Wave
from surveys.progress import Progress
from surveys.queries import replies_by_collector
from surveys.roster.cells import RosterFileError
from surveys.roster.reading import refuse_large
from surveys.target_changes import CellChange, change_targets
from surveys.target_file import LARGEST_TARGET, TargetFileError, band_name, read_targets, targets_xlsx
from surveys.target_sums import sums_by_area, sums_by_audience
from surveys.views.collectors import audience_name
from surveys.views.lists import chosen_sort, page_of, search_words
from surveys.views.sent import number_in, read_and_send
from surveys.views.xlsx_files import xlsx_download
from surveys.wave_targets import CellKey, TargetCell, TargetsRefused, target_cells

ROWS_PER_PAGE = 50
MOST_SHOWN = 200
SALT, WAITING_SECONDS = "targets upload", 3600


@read_and_send
def targets(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The table; posting saves the numbers of one page, or sets or lifts hard stops for all rows found."""
    wave = _wave(request, wave_id)
    cells = target_cells(wave)
    replies = replies_by_cell(wave)
    found = _found(request, cells, replies)
    may_edit = request.scope.may_change and not wave.is_closed
    mistakes: dict[str, str] = {}
    if request.method == "POST":
        if request.POST.get("decision") in ("limit", "unlimit"):
            return _limit_all(request, wave, found)
        if request.POST.get("decision") == "county":
            return _limit_county(request, wave)
        changes, mistakes = _entered(request, cells)
        if not mistakes:
            return _save(request, wave, changes)
    sort = chosen_sort(request, _columns(replies), default="place")
    if sort.key != "place" or sort.descending:
        found.sort(key=sort.by, reverse=sort.descending)
    page = page_of(request, found, size=ROWS_PER_PAGE)
    context = {
        "wave": wave,
        "page": page,
        "rows": [_row(cell, replies, request, mistakes) for cell in page],
        "sums": sums_by_audience(wave, cells, replies=replies),
        "areas": sums_by_area(cells, replies=replies),
        "area_audiences": list(dict.fromkeys(cell.audience for cell in cells if cell.township)),
        "sort": sort,
        "words": search_words(request),
        "filters": _filters(request, wave),
        "may_edit": may_edit,
        "mistakes": mistakes,
        "found": len(found),
        "plan": getattr(wave, "target_plan", None),
    }
    return render(request, "desk/fieldwork/targets.html", context, status=422 if mistakes else 200)


@require_safe
def targets_file(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The table as .xlsx, ready to be changed and uploaded."""
    wave = _wave(request, wave_id)
    content = targets_xlsx(
        target_cells(wave), replies=replies_by_cell(wave), language=get_language() or "zh-hans"
    )
    return xlsx_download(content, name=f"{_('Targets')}-{wave.name}.xlsx")


@read_and_send
def targets_upload(request: HttpRequest, wave_id: int) -> HttpResponse:
    """Reads a filled-in form, shows what would change, and changes it when that is confirmed."""
    wave = _wave(request, wave_id)
    if request.method != "POST":
        return redirect("targets", wave.pk)
    if "changes" in request.POST:
        return _save_uploaded(request, wave)
    file = request.FILES.get("file")
    cells = target_cells(wave)
    try:
        if file is None:
            raise TargetFileError(_("Choose a file first."))
        refuse_large(file.size)
        read = read_targets(file.read(), file_name=file.name, cells=cells)
    except (TargetFileError, RosterFileError) as error:
        messages.error(request, str(error))
        return redirect("targets", wave.pk)
    by_key = {cell.key: cell for cell in cells}
    context = {
        "wave": wave,
        "read": read,
        "file_name": file.name[:100],
        "lines": [
            _change_line(by_key[key], change) for key, change in list(read.changes.items())[:MOST_SHOWN]
        ],
        "more": max(0, len(read.changes) - MOST_SHOWN),
        "signed": _signed(wave, read.changes, by_key, file.name[:100]),
        "sums": sums_by_audience(wave, cells, replies={}, changes=read.changes),
    }
    return render(request, "desk/fieldwork/targets_upload.html", context)


def replies_by_cell(wave: Wave) -> dict[CellKey, int]:
    """Valid replies so far per audience and place; its channels add up."""
    counted = replies_by_collector(wave)
    found: dict[CellKey, int] = defaultdict(int)
    for pk, *key in Collector.objects.filter(wave=wave).values_list(
        "pk", "audience", "school_id", "township_id"
    ):
        found[tuple(key)] += counted.get(pk, 0)
    return dict(found)


def field_name(key: CellKey) -> str:
    """How a cell is called in the form: parent-s12, resident-t3, deputy-c."""
    audience, school, township = key
    return f"{audience}-" + (f"s{school}" if school else f"t{township}" if township else "c")


def _wave(request: HttpRequest, wave_id: int) -> Wave:
    waves = Wave.objects.select_related("county")
    return get_object_or_404(waves, county=request.scope.county, pk=wave_id)


def _found(
    request: HttpRequest, cells: Sequence[TargetCell], replies: Mapping[CellKey, int]
) -> list[TargetCell]:
    words, audience = search_words(request).casefold(), request.GET.get("audience", "")
    township, show = request.GET.get("township", ""), request.GET.get("show", "")
    shown: dict[str, Callable[[TargetCell], bool]] = {
        "behind": lambda cell: replies.get(cell.key, 0) < cell.target,
        "full": lambda cell: bool(cell.limit) and replies.get(cell.key, 0) >= cell.limit,
        "hard": lambda cell: cell.limit is not None,
    }
    return [
        cell
        for cell in cells
        if words in f"{cell.name} {cell.code} {cell.township}".casefold()
        and audience in ("", cell.audience)
        and township in ("", cell.township)
        and (show not in shown or shown[show](cell))
    ]


def _columns(replies: Mapping[CellKey, int]) -> dict[str, Callable[[TargetCell], Any]]:
    return {
        "place": lambda cell: cell.code or cell.name,
        "audience": lambda cell: cell.audience,
        "township": lambda cell: cell.township,
        "people": lambda cell: cell.place.people,
        "target": lambda cell: cell.target,
        "replies": lambda cell: replies.get(cell.key, 0),
        "share": lambda cell: replies.get(cell.key, 0) / cell.target if cell.target else -1.0,
    }


def _row(
    cell: TargetCell, replies: Mapping[CellKey, int], request: HttpRequest, mistakes: Mapping[str, str]
) -> dict[str, Any]:
    name = field_name(cell.key)
    posted = request.POST if mistakes else {}
    count = replies.get(cell.key, 0)
    limit = "" if cell.limit is None else str(cell.limit)
    return {
        "cell": cell,
        "name": name,
        "grades": [(band_name(band), part) for band, part in cell.grades.items()],
        "progress": Progress(count, cell.target),
        "is_full": cell.limit is not None and count >= cell.limit,
        "before": f"{cell.target}|{limit}",
        "target": posted.get(f"t-{name}", cell.target),
        "limit": posted.get(f"l-{name}", limit),
        "mistake": mistakes.get(name, ""),
    }


def _entered(
    request: HttpRequest, cells: Sequence[TargetCell]
) -> tuple[dict[CellKey, CellChange], dict[str, str]]:
    """What was typed differently from what the page showed, and a sentence for every bad entry."""
    changes: dict[CellKey, CellChange] = {}
    mistakes: dict[str, str] = {}
    for cell in cells:
        name = field_name(cell.key)
        before = request.POST.get(f"o-{name}")
        if before is None:
            continue
        target, _bar, limit = before.partition("|")
        typed = {
            "t": request.POST.get(f"t-{name}", "").strip(),
            "l": request.POST.get(f"l-{name}", "").strip(),
        }
        numbers: dict[str, int | None] = {"t": None, "l": None}
        for kind, shown in (("t", target), ("l", limit)):
            if typed[kind] == shown:
                continue
            number = number_in(typed[kind] or "0")
            if number is None or number > LARGEST_TARGET:
                mistakes[name] = _("Allowed: a whole number from 0 to %(most)s.") % {
                    "most": f"{LARGEST_TARGET:,}"
                }
            else:
                numbers[kind] = number
        if numbers["t"] is not None or numbers["l"] is not None:
            changes[cell.key] = CellChange(numbers["t"], numbers["l"])
    return changes, mistakes


def _save(
    request: HttpRequest, wave: Wave, changes: Mapping[CellKey, CellChange], *, source: str = ""
) -> HttpResponse:
    here = request.get_full_path() if request.resolver_match.url_name == "targets" else None
    try:
        count = change_targets(wave, changes, by=request.user, now=timezone.now(), source=source)
    except TargetsRefused as refused:
        messages.error(request, str(refused))
    else:
        said = ngettext("%(count)s entry is changed.", "%(count)s entries are changed.", count)
        if count:
            messages.success(request, said % {"count": count})
        else:
            messages.info(request, _("Nothing was changed."))
    return redirect(here or reverse("targets", args=[wave.pk]))


def _limit_all(request: HttpRequest, wave: Wave, found: Sequence[TargetCell]) -> HttpResponse:
    """Hard stops for every row of the search, at their target; or none any more. Asks once."""
    lift = request.POST["decision"] == "unlimit"
    chosen = [cell for cell in found if (cell.limit is not None if lift else cell.target > 0)]
    if request.POST.get("confirmed") == "yes" and chosen:
        return _save(
            request, wave, {cell.key: CellChange(limit=0 if lift else cell.target) for cell in chosen}
        )
    context = {"wave": wave, "lift": lift, "count": len(chosen), "back": request.get_full_path()}
    return render(request, "desk/fieldwork/targets_limit.html", context)


def _limit_county(request: HttpRequest, wave: Wave) -> HttpResponse:
    """A hard stop of one audience over the whole county; blank or 0 lifts it."""
    limit = number_in(request.POST.get("limit", "").strip() or "0")
    if limit is None or limit > LARGEST_TARGET:
        messages.error(
            request, _("Allowed: a whole number from 0 to %(most)s.") % {"most": f"{LARGEST_TARGET:,}"}
        )
        return redirect("targets", wave.pk)
    whole_county = (request.POST.get("audience", ""), None, None)
    return _save(request, wave, {whole_county: CellChange(limit=limit)})


def _save_uploaded(request: HttpRequest, wave: Wave) -> HttpResponse:
    try:
        said = signing.loads(request.POST["changes"], salt=SALT, max_age=WAITING_SECONDS)
    except signing.BadSignature:
        said = {}
    cells = {field_name(cell.key): cell for cell in target_cells(wave)}
    rows = said.get("rows", {}) if said.get("wave") == wave.pk else {}
    still = all(
        name in cells and [cells[name].target, cells[name].limit or 0] == before
        for name, (before, _after) in rows.items()
    )
    if not rows or not still:
        messages.warning(
            request, _("The targets have changed since the upload. Please upload the file again.")
        )
        return redirect("targets", wave.pk)
    changes = {cells[name].key: CellChange(*after) for name, (_before, after) in rows.items()}
    return _save(request, wave, changes, source=said["file"])


def _signed(
    wave: Wave, changes: Mapping[CellKey, CellChange], cells: Mapping[CellKey, TargetCell], file_name: str
) -> str:
    rows = {
        field_name(key): [[cells[key].target, cells[key].limit or 0], [change.target, change.limit]]
        for key, change in changes.items()
    }
    return signing.dumps({"wave": wave.pk, "file": file_name, "rows": rows}, salt=SALT, compress=True)


def _change_line(cell: TargetCell, change: CellChange) -> dict[str, Any]:
    return {"cell": cell, "change": change, "limit": cell.limit}


def _filters(request: HttpRequest, wave: Wave) -> list[dict[str, Any]]:
    townships = Township.objects.filter(county=wave.county_id).values_list("name", flat=True)
    choices = (
        ("audience", _("Audience"), _("All audiences"),
         [(row.audience, audience_name(row.audience)) for row in wave.audiences.all()]),
        ("township", _("Township"), _("All townships"), [(name, name) for name in townships]),
        ("show", _("Which rows"), _("All rows"), [
             ("behind", _("Below target only")), ("full", _("Full only")),
             ("hard", _("With a hard stop only")),
         ]),
    )  # fmt: skip
    return [
        {
            "name": name,
            "label": label,
            "all": everything,
            "options": options,
            "chosen": request.GET.get(name, ""),
        }
        for name, label, everything, options in choices
    ]
