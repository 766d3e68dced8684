"""Who to ask and how many, before a wave opens: the notices' sample, its quotas, and what it can decide.

Every number of the plan is a setting: 1.5‰ and the floor come from provincial notices and differ.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook
from openpyxl.styles import Font

from analysis.results import audience_name, location_name
from scoring.controls import resident_shares
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.planning import (
    SampleSize,
    expected_composite_half_width,
    sample_size_to_decide,
    smallest_unanimous_sample,
)
from scoring.numeric.quotas import ALL, Quota, quota_table, sample_size_by_population
from surveys.asked_places import GRADE_ITEM, grade_bands, questionnaire_of
from surveys.models import ResidentPopulation, TargetPlan, Wave
from surveys.questionnaire import text_in

PARENTS = "parent"
THRESHOLD = 0.85


class PlanForm(forms.Form):
    """What the plan starts from. Every field has a value, so that the page opens with a plan."""

    residents = forms.IntegerField(label=gettext_lazy("Residents"), min_value=1, max_value=50_000_000)
    per_mille = forms.FloatField(
        label=gettext_lazy("Sample, per mille of the residents"), min_value=0.01, max_value=1000
    )
    floor = forms.IntegerField(label=gettext_lazy("At least"), min_value=0, max_value=1_000_000)
    parents = forms.FloatField(
        label=gettext_lazy("Parents' part of the sample, %"), min_value=0, max_value=100, required=False
    )
    expected = forms.FloatField(label=gettext_lazy("Expected rate, %"), min_value=1, max_value=99.9)
    deff = forms.FloatField(label=gettext_lazy("Design effect"), min_value=0.1, max_value=50)


@dataclass(frozen=True)
class Plan:
    """answers: the sample; quotas by audience, place, grade; half_width as a share, None where it cannot
    be said; to_decide: answers that tell the expected rate from the limit, None at the limit itself."""

    answers: int
    quotas: tuple[Quota, ...]
    half_width: float | None
    to_decide: SampleSize | None
    unanimous: int
    has_places: bool

    @property
    def decides(self) -> bool | None:
        return None if self.to_decide is None else self.answers >= self.to_decide.n_rounded_up


def starting_values(wave: Wave) -> dict[str, float]:
    """What the wave's last applied plan started from; before that the notices' numbers and the roster's."""
    residents = sum(ResidentPopulation.objects.filter(county=wave.county).values_list("people", flat=True))
    values = {
        "residents": residents or 100_000,
        "per_mille": 1.5,
        "floor": 600,
        "expected": 88.0,
        "deff": 1.5,
    }
    parents = wave.audiences.filter(audience=PARENTS).values_list("share", flat=True).first()
    values |= {"parents": round(float(parents) * 100, 3)} if parents else {}
    applied = TargetPlan.objects.filter(wave=wave).values_list("started_from", flat=True).first()
    return values | (applied or {})


def plan(wave: Wave, values: Mapping[str, float]) -> Plan:
    """The plan for the wave's audiences and shares. NumericInputError where the numbers contradict."""
    answers = sample_size_by_population(
        int(values["residents"]), per_mille=values["per_mille"], floor=int(values["floor"])
    )
    shares = {row.audience: float(row.share) for row in wave.audiences.all()}
    if not shares or not sum(shares.values()):
        raise NumericInputError(_("Give the wave its audiences and their shares first."))
    asked = _sample_shares(shares, values.get("parents"))
    places = resident_shares(wave)
    quotas = quota_table(answers, shares=asked, class_shares=places or None, grades=_grades(wave))
    expected = values["expected"] / 100
    planned: dict[str, int] = {}
    for quota in quotas:
        planned[quota.audience] = planned.get(quota.audience, 0) + quota.answers
    try:
        half: float | None = expected_composite_half_width(
            planned, shares=shares, expected=expected, deff=values["deff"]
        )
    except NotComputable:
        half = None
    try:
        size = sample_size_to_decide(expected, threshold=THRESHOLD, deff=values["deff"])
    except NotComputable:
        size = None
    return Plan(answers, quotas, half, size, smallest_unanimous_sample(THRESHOLD), bool(places))


def _sample_shares(shares: Mapping[str, float], parents: float | None) -> dict[str, float]:
    """The shares of the sample: parents as set, the others in the proportions they have in the result."""
    others = sum(share for audience, share in shares.items() if audience != PARENTS)
    if parents is None or PARENTS not in shares or not others:
        return dict(shares)
    rest = (100 - parents) / 100 / others
    return {
        audience: parents / 100 if audience == PARENTS else share * rest for audience, share in shares.items()
    }


def grade_name(wave: Wave, audience: str, code: str, language: str) -> str:
    if code == ALL:
        return ""
    return _grade_names(wave, audience, language).get(code, code)


def plan_file(wave: Wave, found: Plan, values: Mapping[str, float], language: str) -> bytes:
    """The plan as .xlsx: the settings and the answer on the first sheet, the quotas on the second."""
    book = Workbook()
    sheet = book.active
    sheet.title = _("Plan")
    for label, value in (
        (_("Survey wave"), wave.name),
        (_("Residents"), int(values["residents"])),
        (_("Sample, per mille of the residents"), values["per_mille"]),
        (_("At least"), int(values["floor"])),
        (_("Parents' part of the sample, %"), values.get("parents")),
        (_("Expected rate, %"), values["expected"]),
        (_("Design effect"), values["deff"]),
        (_("Answers in the plan"), found.answers),
        (_("Expected half-width, percentage points"), found.half_width and round(found.half_width * 100, 2)),
        (_("Answers that decide at 85%"), found.to_decide and found.to_decide.n_rounded_up),
    ):
        sheet.append([label, value])
    quotas = book.create_sheet(_("Quotas"))
    quotas.append([_("Audience"), _("Location"), _("Grade"), _("Answers")])
    for quota in found.quotas:
        grade = grade_name(wave, quota.audience, quota.grade, language)
        place = location_name(quota.class_) if quota.class_ else ""
        quotas.append([audience_name(quota.audience), place, grade, quota.answers])
    for cell in quotas[1]:
        cell.font = Font(bold=True)
    for one, widths in ((sheet, (40, 24)), (quotas, (20, 14, 26, 10))):
        for letter, width in zip("ABCD", widths, strict=False):
            one.column_dimensions[letter].width = width
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _grades(wave: Wave) -> dict[str, Sequence[str]]:
    """Audience → its grade bands, where its questionnaire asks the grade as a stratum."""
    found = {}
    for row in wave.audiences.all():
        names = _grade_names(wave, row.audience, "zh-hans")
        if names:
            found[row.audience] = tuple(names)
    return found


def _grade_names(wave: Wave, audience: str, language: str) -> dict[str, str]:
    row = wave.audiences.select_related("version").filter(audience=audience).first()
    questionnaire = questionnaire_of(row) if row else None
    bands = grade_bands(row) if row else {}
    for item in questionnaire.items if questionnaire else ():
        if item.name == GRADE_ITEM and bands:
            return {option.code: text_in(option.text, language) for option in item.options}
    return {}
