"""Forms of the rectification ledger: an item entered or changed by hand, and the tick list of candidates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analysis.ledger import NewItem
from analysis.ledger_candidates import Candidate
from analysis.models import Evaluation, RectificationItem
from scoring.models import ScoreRun
from surveys.models import County, School

FIRST_DEADLINE_DAYS = 30  # proposed for a new item
EARLIEST_YEAR, LATEST_YEAR = 2010, 2100
LONGEST_TEXT = 2_000
LONGEST_DEPARTMENT = 100
DEPARTMENTS_LIST = "departments"  # the id of the page's list of known departments

_DATE = forms.DateInput({"type": "date"}, format="%Y-%m-%d")


class DeadlineField(forms.DateField):
    """A day in a year that a ledger can have."""

    def __init__(self, **more: Any) -> None:
        super().__init__(label=gettext_lazy("Deadline"), widget=_DATE, **more)

    def validate(self, value: date | None) -> None:
        super().validate(value)
        if value and not EARLIEST_YEAR <= value.year <= LATEST_YEAR:
            raise forms.ValidationError(
                _("Allowed: a day from %(first)d to %(last)d.")
                % {"first": EARLIEST_YEAR, "last": LATEST_YEAR}
            )


def department_field(**more: Any) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Responsible department"),
        max_length=LONGEST_DEPARTMENT,
        required=False,
        widget=forms.TextInput({"list": DEPARTMENTS_LIST, "autocomplete": "off"}),
        **more,
    )


class ItemForm(forms.Form):
    """An item: somebody must answer for it, a department or a school."""

    problem = forms.CharField(
        label=gettext_lazy("Problem"), max_length=LONGEST_TEXT, widget=forms.Textarea({"rows": 3})
    )
    measure = forms.CharField(
        label=gettext_lazy("Measure"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    department = department_field()
    school = forms.ModelChoiceField(
        School.objects.none(), label=gettext_lazy("School"), required=False, empty_label="—"
    )
    deadline = DeadlineField()

    def __init__(self, data=None, *, county: County, today: date, item: RectificationItem | None = None):
        initial: dict[str, Any] = {"deadline": today + timedelta(days=FIRST_DEADLINE_DAYS)}
        if item is not None:
            names = ("problem", "measure", "department", "deadline")
            initial = {name: getattr(item, name) for name in names}
        super().__init__(data, initial=initial, auto_id="id_%s")
        self.item = item
        if item is not None:
            # Whose matter it is stays: another school would read what was said to the first.
            del self.fields["school"]
            self.fields["remark"] = forms.CharField(
                label=gettext_lazy("Why it is changed"), max_length=500, required=False
            )
        else:
            self.fields["school"].queryset = School.objects.filter(county=county, is_active=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        has_school = self.item.school_id if self.item else cleaned.get("school")
        if not cleaned.get("department") and not has_school and "school" not in self.errors:
            self.add_error("department", _("Name a department or a school: somebody answers for it."))
        return cleaned

    def new_item(self) -> NewItem:
        return NewItem(**{name: self.cleaned_data[name] for name in
                          ("problem", "measure", "department", "school", "deadline")})  # fmt: skip


class TickForm(forms.Form):
    """Candidates as rows: a tick and a department each, one deadline for all that are ticked."""

    deadline = DeadlineField()

    def __init__(self, data=None, *, candidates: Sequence[Candidate], today: date) -> None:
        super().__init__(
            data, initial={"deadline": today + timedelta(days=FIRST_DEADLINE_DAYS)}, auto_id="id_%s"
        )
        self.candidates = candidates
        for candidate in candidates:
            if candidate.is_open_already:
                continue
            self.fields[f"tick-{candidate.code}"] = forms.BooleanField(
                label=candidate.title, required=False, initial=candidate.is_proposed
            )
            self.fields[f"department-{candidate.code}"] = department_field(initial=candidate.department)

    @property
    def rows(self) -> list[tuple[Candidate, forms.BoundField | None, forms.BoundField | None]]:
        """Each candidate with its tick and department; None for one that stands in the ledger already."""
        return [
            (one, None, None)
            if one.is_open_already
            else (one, self[f"tick-{one.code}"], self[f"department-{one.code}"])
            for one in self.candidates
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(f"tick-{one.code}") for one in self.candidates):
            raise forms.ValidationError(_("Tick at least one line."))
        for candidate in self.candidates:
            name = f"department-{candidate.code}"
            ticked = cleaned.get(f"tick-{candidate.code}") and name not in self.errors
            if ticked and not cleaned.get(name) and candidate.school is None:
                self.add_error(name, _("Name a department: no school answers for this line."))
        return cleaned

    def new_items(
        self, *, standard_key: str = "", evaluation: Evaluation | None = None, run: ScoreRun | None = None
    ) -> list[NewItem]:
        """The ticked lines as items."""
        return [
            NewItem(
                problem=one.problem[:LONGEST_TEXT], measure=one.measure[:LONGEST_TEXT], school=one.school,
                department=self.cleaned_data[f"department-{one.code}"], subject=one.subject,
                deadline=self.cleaned_data["deadline"], standard_key=standard_key, evaluation=evaluation,
                score_run=run,
            )
            for one in self.candidates
            if self.cleaned_data.get(f"tick-{one.code}")
        ]  # fmt: skip
