"""The form in which a school fills in its figures: a field per column and row, prefilled with what counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from analysis.columns import COMPULSORY, STAGE_NAMES, STAGES, STAGES_OF_TYPE, Column, plain, words
from analysis.findings import CHINESE, Texts
from analysis.indicator_files.needs import needed_columns
from analysis.quantities import NotANumber, read_number
from analysis.school_figures import spoken
from analysis.school_table import Record
from analysis.standard_parts import Standard
from surveys.questionnaire import text_in

LONGEST_ENTRY = 30
YES_NO = (("", "—"), ("是", gettext_lazy("Yes")), ("否", gettext_lazy("No")))


@dataclass(frozen=True)
class FormRow:
    """One row of the table as the form shows it."""

    title: str
    fields: tuple[forms.BoundField, ...]


class FigureField(forms.CharField):
    """A number as people write it: 390万, 1,234, blank for unknown. Kept as written."""

    def __init__(self, column: Column, **more: Any) -> None:
        unit = _text(column.unit)
        widget = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(
            max_length=LONGEST_ENTRY, required=False, widget=widget, help_text=unit, strip=True, **more
        )

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        try:
            read_number(text)
        except NotANumber as error:
            raise forms.ValidationError(spoken(error.texts)) from error
        return text


class FiguresForm(forms.Form):
    """All rows of one school. Name, code, kind and stage are the bureau's and not asked for."""

    remark = forms.CharField(
        label=gettext_lazy("Remark to the bureau"),
        max_length=500,
        required=False,
        widget=forms.Textarea({"rows": 2}),
    )

    def __init__(self, data=None, *, rows: Sequence[Record], standard: Standard) -> None:
        super().__init__(data, auto_id="id_%s")
        self.records, self.standard = rows, standard
        self.columns = [asked_columns(record, standard) for record in rows]
        for number, record in enumerate(rows):
            for name in self.columns[number]:
                column = standard.columns[base_of(name, standard)]
                initial = record.cells.get(name, "")
                self.fields[f"r{number}-{name}"] = (
                    _yes_no(column, initial)
                    if column.is_yes_no
                    else FigureField(column, label=column_label(name, standard), initial=initial)
                )

    @property
    def rows(self) -> list[FormRow]:
        return [
            FormRow(
                record.cells.get("stage", ""),
                tuple(self[f"r{number}-{name}"] for name in self.columns[number]),
            )
            for number, record in enumerate(self.records)
        ]

    def filled(self) -> list[Record]:
        """The rows with what was filled in; a blank cell is left out."""
        found = []
        for number, record in enumerate(self.records):
            asked = set(self.columns[number])
            cells = {key: text for key, text in record.cells.items() if key not in asked}
            entries = {name: self.cleaned_data[f"r{number}-{name}"] for name in self.columns[number]}
            cells |= {name: text for name, text in entries.items() if text}
            found.append(Record(record.line, cells))
        return found


def asked_columns(record: Record, standard: Standard) -> list[str]:
    """What the form asks of a row: the standard's columns, by stage where one row holds several stages."""
    stages = _stages_in_one_row(record)
    asked: list[str] = []
    for column in needed_columns(standard):
        given = [
            name
            for name in record.cells
            if base_of(name, standard) == column and (name != column or column in standard.columns)
        ]
        if stages and standard.columns[column].counted == "stage":
            asked += dict.fromkeys([*given, *(f"{column}_{stage}" for stage in stages)])
        else:
            asked += given or [column]
    return asked


def base_of(name: str, standard: Standard) -> str:
    """`pupils` of `pupils_primary`; the name itself where it is a column."""
    base, _underscore, stage = name.rpartition("_")
    return base if name not in standard.columns and stage in STAGES else name


def column_label(name: str, standard: Standard) -> str:
    """学生数（小学）"""
    base = base_of(name, standard)
    column = standard.columns.get(base)
    if column is None:
        indicator = standard.indicators.get(base)
        return _text(indicator.name) if indicator else name
    if base == name:
        return _text(column.name)
    return _("%(column)s (%(stage)s)") % {
        "column": _text(column.name),
        "stage": _text(STAGE_NAMES[name.rpartition("_")[2]]),
    }


def _stages_in_one_row(record: Record) -> tuple[str, ...]:
    if record.cells.get("stage"):
        return ()
    kind = words("school_type").get(plain(record.cells.get("school_type", "")), "")
    stages = tuple(STAGES_OF_TYPE.get(kind, ()))
    named = {name.rpartition("_")[2] for name in record.cells}
    if len(stages) > 1:
        return stages
    return tuple(stage for stage in COMPULSORY if stage in named) if not kind else ()


def _yes_no(column: Column, initial: str) -> forms.ChoiceField:
    said = words("yes_no").get(plain(initial), "")
    return forms.ChoiceField(
        label=_text(column.name), choices=YES_NO, required=False,
        initial={"yes": "是", "no": "否"}.get(said, ""),
    )  # fmt: skip


def _text(texts: Texts) -> str:
    return text_in(texts, get_language() or CHINESE)
