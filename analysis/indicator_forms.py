"""The desk's forms for figures and evidence: what is uploaded for which standard, year and level."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.utils.translation import get_language, gettext_lazy

from analysis.findings import CHINESE, LANGUAGES, Texts
from analysis.models import TableLevel
from analysis.standard_parts import Standard

FIRST_YEAR, LAST_YEAR = 2000, 2100


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once; its value is a list, empty if none was chosen."""

    widget = ManyFiles

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(one, initial) for one in files]


class UploadForm(forms.Form):
    """A table of figures: the file, and what it is."""

    file = forms.FileField(
        label=gettext_lazy("Spreadsheet"),
        allow_empty_file=True,
        widget=forms.FileInput({"accept": ".xlsx,.xls,.csv,.txt"}),
        help_text=gettext_lazy(".xlsx, .xls or .csv. Titles, merged headings, notes and totals do no harm."),
        error_messages={"required": gettext_lazy("Choose a file first.")},
    )
    level = forms.ChoiceField(
        label=gettext_lazy("What it holds"), choices=TableLevel.choices, widget=forms.RadioSelect
    )
    standard = forms.ChoiceField(label=gettext_lazy("Standard"))
    year = forms.IntegerField(label=gettext_lazy("Year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)
    evidence = FilesField(
        label=gettext_lazy("Evidence files"),
        required=False,
        help_text=gettext_lazy(
            "PDF, pictures, Word, Excel or OFD that show these figures; at most 20 MB each. "
            "They are kept with the table."
        ),
    )

    def __init__(self, *args, standards: Mapping[str, Standard], **options) -> None:
        super().__init__(*args, auto_id="id_%s", **options)
        self.fields["standard"].choices = [(key, spoken(one.name)) for key, one in standards.items()]


class EvidenceForm(forms.Form):
    """Papers by themselves, with one line on what they show."""

    files = FilesField(
        label=gettext_lazy("Evidence files"),
        help_text=gettext_lazy("PDF, pictures, Word, Excel or OFD, at most 20 MB each; several at once."),
        error_messages={"required": gettext_lazy("Choose a file first.")},
    )
    note = forms.CharField(
        label=gettext_lazy("What they show"),
        max_length=300,
        required=False,
        widget=forms.TextInput(
            {"placeholder": gettext_lazy("Such as: teachers’ roster of 2026, sealed copy")}
        ),
    )

    def clean_files(self):
        files = self.cleaned_data["files"]
        if not files:
            raise forms.ValidationError(self.fields["files"].error_messages["required"])
        return files


class ReasonForm(forms.Form):
    """Why something is taken back."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=300, widget=forms.Textarea({"rows": 3}))


def language() -> str:
    """The reader's language, one of the two that standards are written in."""
    code = get_language() or CHINESE
    return code if code in LANGUAGES else CHINESE


def spoken(texts: Texts) -> str:
    """A text of a standard's file in the reader's language."""
    return texts.get(language()) or texts.get(CHINESE, "")
