"""The form "evaluate now": a standard and a year are chosen, the rest of the form follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from analysis.evaluation import LONGEST_SOURCE, EvaluationInputs, TypedRecognition
from analysis.evaluation_figures import unit_prices
from analysis.evaluation_plans import setting_values, typed_recognition
from analysis.evaluation_recognition import recognition_rule
from analysis.evaluation_remarks import choice_words, setting_word
from analysis.file_errors import EvaluationFileError
from analysis.findings import CHINESE, ENGLISH, said
from analysis.models import EvaluationStage, IndicatorTable, TableLevel
from analysis.rule_kinds.k_of_n import KOfN
from analysis.rule_kinds.rooms_and_classes import ClassSize, ForEvery
from analysis.standard_parts import Setting, Standard
from analysis.templatetags.figures import rate_text
from scoring.models import ScoreRun
from scoring.rules import shipped_rule
from scoring.runs import newest_run
from surveys.models import County, Wave, WaveState

NOTHING, TYPED = "nothing", "typed"
MOST_WAVES = 20
LONGEST_VALUE = 40


class EvaluateForm(forms.Form):
    """What an evaluation is made of. `inputs` holds it once the form is valid."""

    stage = forms.ChoiceField(label=gettext_lazy("Stage of the evaluation"))
    school_table = forms.ModelChoiceField(
        label=gettext_lazy("School table"), queryset=IndicatorTable.objects.none(), required=False,
        empty_label=gettext_lazy("none"),
    )  # fmt: skip
    county_table = forms.ModelChoiceField(
        label=gettext_lazy("County's items"), queryset=IndicatorTable.objects.none(), required=False,
        empty_label=gettext_lazy("none"),
    )  # fmt: skip
    recognition = forms.ChoiceField(label=gettext_lazy("Social recognition rate"))
    typed_rate = forms.CharField(
        label=gettext_lazy("Rate from elsewhere"), required=False, max_length=20,
        help_text=gettext_lazy("Such as 87.2%. It has no interval: sampling error is not considered."),
    )  # fmt: skip
    typed_source = forms.CharField(
        label=gettext_lazy("Where the rate comes from"), required=False, max_length=LONGEST_SOURCE,
        help_text=gettext_lazy("Printed beside the rate everywhere, such as the name and date of a notice."),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, county: County, standard: Standard, year: int) -> None:
        super().__init__(data)
        self.county, self.standard, self.year = county, standard, year
        language = get_language() or CHINESE
        self.language = language if language in (CHINESE, ENGLISH) else CHINESE
        self.inputs: EvaluationInputs | None = None
        steps = standard.procedure or EvaluationStage.values
        self.fields["stage"].choices = [one for one in EvaluationStage.choices if one[0] in steps]
        for name, level in (("school_table", TableLevel.SCHOOLS), ("county_table", TableLevel.COUNTY)):
            field = self.fields[name]
            field.queryset = tables = tables_of(county, year=year, level=level)
            field.label_from_instance = _table_label
            field.initial = tables.first()
        self.runs = frozen_runs(county) if asks_recognition(standard) else {}
        self._recognition_choices()
        for key, setting in standard.settings.items():
            self.fields[f"setting-{key}"] = self._setting_field(setting)
        for column in priced_columns(standard):
            self.fields[f"price-{column}"] = forms.CharField(
                label=said(standard.columns[column].name, self.language),
                required=False,
                max_length=LONGEST_VALUE,
                initial="1" if standard.columns[column].is_money else "",
            )

    @property
    def setting_rows(self) -> Iterator[tuple[Setting, forms.BoundField]]:
        for key, setting in self.standard.settings.items():
            yield setting, self[f"setting-{key}"]

    @property
    def asks_recognition(self) -> bool:
        return asks_recognition(self.standard)

    @property
    def priced(self) -> bool:
        return bool(priced_columns(self.standard))

    @property
    def price_errors(self) -> bool:
        return any(name.startswith("price-") for name in self.errors)

    @property
    def choice_words(self) -> Mapping[str, str]:
        return choice_words(self.standard)

    @property
    def price_rows(self) -> Iterator[tuple[str, forms.BoundField]]:
        """Each field with its column's unit."""
        for column in priced_columns(self.standard):
            yield said(self.standard.columns[column].unit, self.language), self[f"price-{column}"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        settings = self._given("setting", found)
        for key, text in settings.items():
            self._try(f"setting-{key}", setting_values, self.standard, {key: text})
        prices = self._given("price", found)
        for column, text in prices.items():
            self._try(f"price-{column}", unit_prices, self.standard, {column: text})
        if not found.get("school_table") and not found.get("county_table"):
            self.add_error("school_table", _("Choose a school table or the county's items."))
        typed = self._typed(found)
        if not self.errors:
            self.inputs = EvaluationInputs(
                standard=self.standard,
                school_table=found["school_table"],
                county_table=found["county_table"],
                score_run=self.runs.get(found["recognition"]),
                typed=typed,
                settings=settings,
                prices=prices,
            )
        return found

    def _typed(self, found: dict[str, Any]) -> TypedRecognition | None:
        rate, source = found.get("typed_rate", ""), found.get("typed_source", "")
        if found.get("recognition") != TYPED:
            if rate:
                self.add_error("recognition", _("A rate is typed in below; choose it here too, or empty it."))
            return None
        if not rate:
            self.add_error("typed_rate", _("Type the rate, such as 87.2%."))
        else:
            self._try("typed_rate", typed_recognition, rate)
        if not source:
            self.add_error("typed_source", _("Say where the recognition rate comes from."))
        return TypedRecognition(rate, source)

    def _recognition_choices(self) -> None:
        field = self.fields["recognition"]
        if not asks_recognition(self.standard):
            field.choices, field.required = [], False
            return
        field.choices = [
            *((key, _run_label(run)) for key, run in self.runs.items()),
            (TYPED, _("a rate from elsewhere (typed in)")),
            (NOTHING, _("none yet: then it is not computable")),
        ]
        field.initial = next(iter(self.runs), NOTHING)

    def _setting_field(self, setting: Setting) -> forms.Field:
        label = said(setting.name, self.language)
        if setting.choices:
            choices = [(one, setting_word(setting, one)) for one in setting.choices]
            if setting.default is None:
                choices.insert(0, ("", _("left open")))
            return forms.ChoiceField(
                label=label, choices=choices, required=False, initial=setting.default or ""
            )
        default = "" if setting.default is None else f"{float(setting.default):g}"
        return forms.CharField(label=label, required=False, max_length=LONGEST_VALUE, initial=default)

    def _given(self, kind: str, found: dict[str, Any]) -> dict[str, str]:
        head = f"{kind}-"
        return {
            name.removeprefix(head): text.strip()
            for name, text in found.items()
            if name.startswith(head) and text.strip()
        }

    def _try(self, field: str, check: Any, *arguments: Any) -> None:
        try:
            check(*arguments)
        except EvaluationFileError as error:
            self.add_error(field, error.texts[self.language])


def tables_of(county: County, *, year: int, level: str) -> QuerySet[IndicatorTable]:
    """The tables of a year that were not taken back, the newest first: that one counts."""
    tables = IndicatorTable.objects.filter(county=county, year=year, level=level, withdrawn_at=None)
    return tables.order_by("-at", "-id")


def frozen_runs(county: County) -> dict[str, ScoreRun]:
    """The newest score run of every closed wave that still fits its replies, the latest wave first."""
    waves = Wave.objects.filter(county=county, state=WaveState.CLOSED).order_by("-ends_on", "-pk")
    runs = [newest_run(wave) for wave in waves[:MOST_WAVES]]
    return {f"run-{run.pk}": run for run in runs if run is not None}


def asks_recognition(standard: Standard) -> bool:
    """Whether the standard speaks of recognition at all."""
    return recognition_rule(standard) is not None


def priced_columns(standard: Standard) -> list[str]:
    """The columns that shortfalls may be counted in, which a unit price makes a cost of."""
    found: dict[str, None] = {}
    for criterion in standard.criteria:
        rule = criterion.rule
        if isinstance(rule, KOfN):
            found |= dict.fromkeys(_columns(standard, rule.limits))
        elif isinstance(rule, ForEvery):
            found[rule.column] = None
        elif isinstance(rule, ClassSize):
            found["classes"] = None
    return [column for column in found if not standard.columns[column].is_yes_no and column != "pupils"]


def _columns(standard: Standard, members: Any) -> Iterator[str]:
    for member, limit in members.items():
        indicator = standard.indicators.get(member)
        if indicator is not None and limit is not None:
            yield indicator.amounts[0] if limit.is_at_least else indicator.per or indicator.amounts[0]


def _table_label(table: IndicatorTable) -> str:
    when = timezone.localtime(table.at)
    rows = ngettext("%(count)s row", "%(count)s rows", len(table.lines)) % {"count": len(table.lines)}
    return f"{table.file_name} · {when:%Y-%m-%d %H:%M} · {rows}"


def _run_label(run: ScoreRun) -> str:
    unit = run.result.get("unit", "share")
    rate = rate_text(run.estimate, unit=unit, limit=run.result.get("threshold"))
    rule = shipped_rule(run.rule_key).name
    language = get_language() or CHINESE
    return f"{run.wave.name}: {rate} · {run.get_verdict_display()} · {rule.get(language) or rule[CHINESE]}"
