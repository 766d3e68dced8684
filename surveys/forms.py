"""The wave form: one page of sensible proposals that a bureau can sign with three answers of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from django import forms
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from surveys.asked_places import people_asked
from surveys.audiences import AUDIENCES, Audience
from surveys.models import Channels, County, DesignKind, School, Wave
from surveys.questionnaire import instrument_keys, instrument_source, read_questionnaire, text_in
from surveys.targets import share_out
from surveys.waves import AudiencePlan

PARENTS_PERCENT = Decimal(50)  # the ministry's scheme: parents at least half, the other groups alike
SAMPLE_PER_MILLE = Decimal("1.5")  # of residents: the ministry's survey of 2024
FIELDWORK_DAYS = 5
PERCENT_STEP = Decimal("0.001")
LARGEST_TARGET = 5_000_000


@dataclass(frozen=True)
class RuleChoice:
    """A scoring rule as the form offers it; the rules themselves live in a higher room."""

    key: str
    name: str
    description: str


@dataclass(frozen=True)
class AudienceFields:
    """The form's row of one audience; `population` is None where the roster counts its people."""

    audience: Audience
    asked: forms.BoundField
    questionnaire: forms.BoundField
    share: forms.BoundField
    target: forms.BoundField
    population: forms.BoundField | None
    people: int | None
    channels: forms.BoundField


class WaveForm(forms.Form):
    """Shares and targets left blank are worked out: parents half, the others alike, targets by share."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    starts_on = forms.DateField(
        label=gettext_lazy("First day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    design = forms.ChoiceField(
        label=gettext_lazy("Sampling design"), choices=DesignKind.choices, widget=forms.RadioSelect
    )
    scoring_rule = forms.ChoiceField(label=gettext_lazy("Scoring rule"))
    total_target = forms.IntegerField(
        label=gettext_lazy("Replies aimed at, all audiences"),
        min_value=0,
        max_value=LARGEST_TARGET,
        required=False,
    )

    def __init__(
        self, data=None, *, county: County, scoring_rules: Sequence[RuleChoice], today: date,
        wave: Wave | None = None,
    ) -> None:  # fmt: skip
        self.county, self.people = county, known_people(county)
        self.residents = self.people.get("resident", 0)
        super().__init__(
            data, initial=self._of_wave(wave) if wave else self._proposal(today), auto_id="id_%s"
        )
        self.rules = scoring_rules
        self.fields["scoring_rule"].choices = [(rule.key, rule.name) for rule in scoring_rules]
        self._serving = questionnaires_by_audience()
        for code, audience in AUDIENCES.items():
            self._add_audience(code, audience)

    @property
    def rows(self) -> Iterator[AudienceFields]:
        for code, audience in AUDIENCES.items():
            population = f"{code}-population"
            yield AudienceFields(
                audience=audience,
                asked=self[f"{code}-asked"],
                questionnaire=self[f"{code}-questionnaire"],
                share=self[f"{code}-share"],
                target=self[f"{code}-target"],
                population=self[population] if population in self.fields else None,
                people=self.people.get(code),
                channels=self[f"{code}-channels"],
            )

    def clean(self) -> dict:
        cleaned = super().clean()
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day is before the first day."))
        asked = self._asked(cleaned)
        if not asked:
            raise forms.ValidationError(_("Choose at least one audience."))
        typed = {code: cleaned.get(f"{code}-share") for code in asked}
        if self.errors:
            return cleaned
        shares = shares_of(typed)
        if any(shares[code] <= 0 for code, percent in typed.items() if percent is None):
            raise forms.ValidationError(
                _("The shares typed in leave nothing for the audiences without one; lower one of them.")
            )
        self.shares = shares
        return cleaned

    def plans(self) -> list[AudiencePlan]:
        """What the bureau decided, blanks filled in. Only for a valid form."""
        cleaned = self.cleaned_data
        asked = self._asked(cleaned)
        given = {code: cleaned[f"{code}-population"] for code in asked if cleaned.get(f"{code}-population")}
        proposed = proposed_targets(cleaned.get("total_target") or 0, self.shares, self.people | given)
        return [
            AudiencePlan(
                audience=code,
                questionnaire_key=cleaned[f"{code}-questionnaire"],
                share=self.shares[code],
                target=proposed[code] if cleaned.get(f"{code}-target") is None else cleaned[f"{code}-target"],
                population=cleaned.get(f"{code}-population"),
                channels=cleaned.get(f"{code}-channels") or Channels.POSTER,
            )
            for code in asked
        ]

    def _asked(self, cleaned: dict) -> list[str]:
        return [code for code in AUDIENCES if cleaned.get(f"{code}-asked")]

    def _add_audience(self, code: str, audience: Audience) -> None:
        self.fields[f"{code}-asked"] = forms.BooleanField(label=audience.name(get_language()), required=False)
        self.fields[f"{code}-questionnaire"] = forms.ChoiceField(
            label=_("Questionnaire"), choices=self._serving.get(code, []), required=False
        )
        self.fields[f"{code}-share"] = forms.DecimalField(
            label=_("Share in percent"), required=False, min_value=0, max_value=100, decimal_places=3,
            widget=forms.NumberInput({"placeholder": _("automatic")}),
        )  # fmt: skip
        self.fields[f"{code}-target"] = forms.IntegerField(
            label=_("Target"), required=False, min_value=0, max_value=LARGEST_TARGET,
            widget=forms.NumberInput({"placeholder": _("automatic")}),
        )  # fmt: skip
        self.fields[f"{code}-channels"] = forms.ChoiceField(
            label=_("Handed out as"), choices=Channels.choices, required=False
        )
        if audience.population == "given":
            self.fields[f"{code}-population"] = forms.IntegerField(
                label=_("How many there are"), required=False, min_value=1, max_value=1_000_000
            )

    def _free_name(self, today: date) -> str:
        """ "2026年11月社会认可度自测", numbered if the county has used it."""
        name = _("Recognition self-survey, %(month)s") % {"month": date_format(today, _("F Y"))}
        taken = set(self.county.waves.values_list("name", flat=True))
        numbered = (f"{name} ({number})" for number in count(2))
        return name if name not in taken else next(other for other in numbered if other not in taken)

    def _proposal(self, today: date) -> dict:
        """A new wave: five days from today, everybody asked, 1.5‰ of residents where they are known."""
        initial: dict = {
            "name": self._free_name(today),
            "starts_on": today,
            "ends_on": today + timedelta(days=FIELDWORK_DAYS - 1),
        }
        if self.residents:
            initial["total_target"] = int((self.residents * SAMPLE_PER_MILLE / 1000).to_integral_value())
        for code, audience in AUDIENCES.items():
            initial[f"{code}-asked"] = True
            initial[f"{code}-channels"] = Channels.POSTER
            initial[f"{code}-questionnaire"] = audience.questionnaire
        return initial

    def _of_wave(self, wave: Wave) -> dict:
        """A draft: what equals the proposal is shown as a blank again, so that it keeps being worked out."""
        rows = {row.audience: row for row in wave.audiences.all()}
        automatic = shares_of(dict.fromkeys(rows))
        shares = {code: row.share for code, row in rows.items()}
        targets = {code: row.target for code, row in rows.items()}
        people = self.people | {code: row.population for code, row in rows.items() if row.population}
        total = total_behind(targets, shares, people)
        initial = {
            "name": wave.name, "starts_on": wave.starts_on, "ends_on": wave.ends_on,
            "design": wave.design, "scoring_rule": wave.scoring_rule,
            "total_target": sum(targets.values()) if total is None else total,
        }  # fmt: skip
        for code, audience in AUDIENCES.items():
            row = rows.get(code)
            initial[f"{code}-asked"] = row is not None
            initial[f"{code}-channels"] = row.channels if row else Channels.POSTER
            initial[f"{code}-questionnaire"] = row.questionnaire_key if row else audience.questionnaire
            if row is not None:
                if shares != automatic:
                    initial[f"{code}-share"] = (row.share * 100).quantize(PERCENT_STEP).normalize()
                if total is None:
                    initial[f"{code}-target"] = row.target
                initial[f"{code}-population"] = row.population
        return initial


def shares_of(percents: dict[str, Decimal | None]) -> dict[str, Decimal]:
    """Shares (0–1) of audiences from percents; blanks get parents' 50% and equal parts of what is left.

    Parts are cut to five decimals, so three thirds add up to 0.99999: whoever uses them divides by
    their sum.
    """
    filled = dict(percents)
    others = [code for code, percent in filled.items() if percent is None and code != "parent"]
    if others and "parent" in filled and filled["parent"] is None:
        filled["parent"] = min(PARENTS_PERCENT, Decimal(100) - _typed_sum(filled))
    blanks = [code for code, percent in filled.items() if percent is None]
    left = (Decimal(100) - _typed_sum(filled)) / len(blanks) if blanks else Decimal(0)
    return {
        code: ((left if percent is None else percent) / 100).quantize(Decimal("0.00001"))
        for code, percent in filled.items()
    }


def proposed_targets(total: int, shares: dict[str, Decimal], people: dict[str, int]) -> dict[str, int]:
    """The total by share, but never more than an audience has people."""
    parts = share_out(total, [int(share * 100_000) for share in shares.values()])
    return {code: min(part, people.get(code, part)) for code, part in zip(shares, parts, strict=True)}


def total_behind(targets: dict[str, int], shares: dict[str, Decimal], people: dict[str, int]) -> int | None:
    """The total from which `proposed_targets` makes exactly these targets; None if there is none."""
    uncapped = [code for code in shares if shares[code] > 0 and targets[code] < people.get(code, 10**9)]
    if not uncapped:
        return None
    widest = max(uncapped, key=lambda code: shares[code])
    guess, reach = targets[widest] / shares[widest], 1 / shares[widest]
    candidates = range(max(0, int(guess - reach)), int(guess + reach) + 2)
    for total in sorted(candidates, key=lambda total: abs(total - guess)):
        if proposed_targets(total, shares, people) == targets:
            return total
    return None


def known_people(county: County) -> dict[str, int]:
    """How many people of each audience the roster counts; audiences it does not count are missing."""
    schools = list(School.objects.filter(county=county, is_active=True))
    residents = sum(county.resident_populations.values_list("people", flat=True))
    known = {}
    for code, audience in AUDIENCES.items():
        if audience.population == "residents" and residents:
            known[code] = residents
        elif audience.population not in ("residents", "given"):
            known[code] = sum(people_asked(school, audience.population) for school in schools)
    return known


def questionnaires_by_audience() -> dict[str, list[tuple[str, str]]]:
    """(key, title) of every questionnaire that asks an audience, its usual one first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for key in instrument_keys():
        questionnaire = read_questionnaire(instrument_source(key), name=key)
        title = text_in(questionnaire.title, get_language())
        for audience in questionnaire.audiences:
            found.setdefault(audience, []).append((key, title))
    return {
        code: sorted(choices, key=lambda choice: choice[0] != AUDIENCES[code].questionnaire)
        for code, choices in found.items()
    }


def _typed_sum(percents: dict[str, Decimal | None]) -> Decimal:
    return sum((percent for percent in percents.values() if percent is not None), Decimal(0))
