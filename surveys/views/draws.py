"""Draws: making one, the list that was drawn (to print and to export), and drawing again to check it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from surveys.draw_lists import (
    LARGEST_NUMBER,
    DrawListError,
    class_frame,
    draw_xlsx,
    draws_alike,
    keep_draw,
    list_frame,
    number_frame,
)
from surveys.models import Draw, Wave
from surveys.roster.cells import RosterFileError
from surveys.roster.reading import read_sheets, refuse_large
from surveys.targets import share_out
from surveys.views.lists import page_of
from surveys.views.sent import read_and_send
from surveys.views.xlsx_files import xlsx_download

LONGEST_SEED = 64


class DrawForm(forms.Form):
    """What is drawn, how many of each group, and by which seed."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=100)
    kind = forms.ChoiceField(
        label=gettext_lazy("What is drawn"), choices=Draw.Kind.choices, widget=forms.RadioSelect
    )
    each = forms.IntegerField(
        label=gettext_lazy("How many of each school or group"), min_value=1, max_value=10_000, required=False,
        help_text=gettext_lazy("Of a smaller group all are taken."),
    )  # fmt: skip
    total = forms.IntegerField(
        label=gettext_lazy("Or how many in all"), min_value=1, max_value=LARGEST_NUMBER, required=False,
        help_text=gettext_lazy("Shared out over the groups in proportion to their size."),
    )  # fmt: skip
    numbers = forms.CharField(
        label=gettext_lazy("Numbered households or slips"), required=False, max_length=20_000,
        widget=forms.Textarea({"rows": 5, "placeholder": "城关镇 5200\n河口乡 1830"}),
        help_text=gettext_lazy("One line per township: its name, a blank, and the last number there is."),
    )  # fmt: skip
    file = forms.FileField(
        label=gettext_lazy("List to draw from"), required=False,
        help_text=gettext_lazy("Two columns with the headings 学校或乡镇 and 名单 (.xlsx, .xls, .csv)."),
    )  # fmt: skip
    seed = forms.CharField(
        label=gettext_lazy("Seed"), max_length=LONGEST_SEED, required=False,
        help_text=gettext_lazy(
            "Blank: the computer makes one. Better: a number drawn in public, such as tonight's lottery."
        ),
    )  # fmt: skip

    def clean(self) -> dict:
        cleaned = super().clean()
        if not self.errors and (cleaned.get("each") is None) == (cleaned.get("total") is None):
            self.add_error("each", _("Say how many of each group, or how many in all; not both."))
        if "|" in cleaned.get("seed", ""):
            self.add_error("seed", _("The seed must not contain “|”."))
        return cleaned


@read_and_send
def draws(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The wave's draws, and the form for the next one. A draw is never deleted: drawing twice shows."""
    wave = _wave(request, wave_id)
    form = DrawForm(
        request.POST or None,
        request.FILES or None,
        initial={"kind": Draw.Kind.CLASSES, "title": _("Classes drawn")},
    )
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            kept = _draw(request, wave, form.cleaned_data)
        except (DrawListError, RosterFileError) as error:
            refused = str(error)
        else:
            messages.success(request, _("The draw is made and kept with its seed."))
            return redirect("draw", wave.pk, kept.pk)
    context = {
        "wave": wave,
        "form": form,
        "refused": refused,
        "page": page_of(request, wave.draws.select_related("by").defer("frame", "drawn")),
    }
    wrong = request.method == "POST"
    return render(request, "desk/fieldwork/draws.html", context, status=422 if wrong else 200)


@require_safe
def draw_page(request: HttpRequest, wave_id: int, draw_id: int) -> HttpResponse:
    """The list drawn, ready to print, and whether drawing again gives the same."""
    kept = _draw_of(request, wave_id, draw_id)
    context = {
        "wave": kept.wave,
        "draw": kept,
        "groups": [(group, units, len(kept.frame.get(group, ()))) for group, units in kept.drawn.items()],
        "alike": draws_alike(kept),
    }
    return render(request, "desk/fieldwork/draw.html", context)


@require_safe
def draw_file(request: HttpRequest, wave_id: int, draw_id: int) -> HttpResponse:
    kept = _draw_of(request, wave_id, draw_id)
    return xlsx_download(draw_xlsx(kept), name=f"{_('Draw list')}-{kept.title}.xlsx")


def _draw(request: HttpRequest, wave: Wave, cleaned: Mapping[str, Any]) -> Draw:
    frame = _frame(wave, cleaned)
    if cleaned["each"] is not None:
        wanted = {group: min(cleaned["each"], len(units)) for group, units in frame.items()}
    else:
        sizes = [len(units) for units in frame.values()]
        if cleaned["total"] > sum(sizes):
            raise DrawListError(
                _("There are only %(all)s entries to draw from.") % {"all": f"{sum(sizes):,}"}
            )
        wanted = dict(zip(frame, share_out(cleaned["total"], sizes), strict=True))
    file = cleaned.get("file")
    started_from = {name: cleaned[name] for name in ("each", "total", "numbers") if cleaned.get(name)} | (
        {"file": file.name[:100]} if file else {}
    )
    return keep_draw(
        wave, kind=cleaned["kind"], title=cleaned["title"], frame=frame, wanted=wanted, seed=cleaned["seed"],
        started_from=started_from, by=request.user, now=timezone.now(),
    )  # fmt: skip


def _frame(wave: Wave, cleaned: Mapping[str, Any]) -> dict[str, list[str]]:
    if cleaned["kind"] == Draw.Kind.CLASSES:
        frame = class_frame(wave)
        if not frame:
            raise DrawListError(_("The roster has no school with classes. Import it, or upload a list."))
        return frame
    if cleaned["kind"] == Draw.Kind.NUMBERS:
        return number_frame(_typed_numbers(cleaned["numbers"].splitlines()))
    if not cleaned.get("file"):
        raise DrawListError(_("Choose a file first."))
    refuse_large(cleaned["file"].size)
    return list_frame(read_sheets(cleaned["file"].read(), file_name=cleaned["file"].name)[0])


def _typed_numbers(lines: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for line in filter(None, (line.strip() for line in lines)):
        name, _blank, last = line.replace("\t", " ").replace("，", " ").replace(",", " ").rpartition(" ")
        if (
            not name.strip()
            or not (last.isascii() and last.isdecimal())
            or not 0 < int(last[:9]) <= LARGEST_NUMBER
        ):
            raise DrawListError(
                _("“%(line)s”: write a name, a blank and a number up to %(most)s.")
                % {"line": line[:60], "most": f"{LARGEST_NUMBER:,}"}
            )
        if name.strip() in found:
            raise DrawListError(_("“%(name)s” stands there twice.") % {"name": name.strip()[:60]})
        found[name.strip()[:120]] = int(last)
    if not found:
        raise DrawListError(_("Write a line per township: its name, a blank, and the last number there is."))
    if sum(found.values()) > LARGEST_NUMBER:
        raise DrawListError(
            _("More than %(most)s entries; draw in several parts.") % {"most": f"{LARGEST_NUMBER:,}"}
        )
    return found


def _wave(request: HttpRequest, wave_id: int) -> Wave:
    return get_object_or_404(Wave.objects.select_related("county"), county=request.scope.county, pk=wave_id)


def _draw_of(request: HttpRequest, wave_id: int, draw_id: int) -> Draw:
    kept = Draw.objects.select_related("wave__county", "by")
    return get_object_or_404(kept, wave__county=request.scope.county, wave=wave_id, pk=draw_id)
