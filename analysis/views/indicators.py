"""The figures' desk: what is there for a year and what a standard still lacks, the upload, and the forms."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.evidence import (
    MOST_FILES_AT_ONCE,
    EvidenceRefused,
    checked_kind,
    keep_evidence,
    safe_name,
)
from analysis.evidence import refuse_large as refuse_large_evidence
from analysis.indicator_files.needs import items_by_area, needed_columns
from analysis.indicator_files.previews import (
    UPLOAD_LIMITS,
    is_other_level,
    must_be_asked,
    roster_of,
    sheets_of,
)
from analysis.indicator_files.school_lines import base_column
from analysis.indicator_files.uploads import keep_upload
from analysis.indicator_files.workbooks import county_form, school_form
from analysis.indicator_forms import UploadForm, language, spoken
from analysis.indicators import (
    counting_ids,
    item_lines_of,
    records_of,
    standards_of,
    tables_by_standard,
    years_with_figures,
)
from analysis.models import EvidenceFile, IndicatorTable, TableLevel
from analysis.standard_parts import Standard
from surveys.models import School
from surveys.roster.cells import RosterFileError
from surveys.roster.reading import refuse_large
from surveys.views.lists import page_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DEFAULT_STANDARD = "quality-balance-2017"
TABLES_PER_PAGE = 10


@dataclass(frozen=True)
class StandardNeeds:
    """What one standard still lacks in a year. None: it does not ask for such a table."""

    key: str
    name: str
    columns: list[str] | None
    items: list[str] | None
    items_in_all: int

    @property
    def is_complete(self) -> bool:
        return not self.columns and not self.items


@require_http_methods(["GET", "HEAD", "POST"])
def indicators(request: HttpRequest) -> HttpResponse:
    """The overview of a year; posting a file leads to its headings or its preview."""
    county = request.scope.county
    standards = standards_of(county)
    this_year = timezone.localdate().year
    years = years_with_figures(county)
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and len(asked) == 4 else (years[0] if years else this_year)
    form = UploadForm(
        request.POST or None,
        request.FILES or None,
        standards=standards,
        initial={"year": this_year, "standard": DEFAULT_STANDARD, "level": TableLevel.SCHOOLS},
    )
    if request.method == "POST" and form.is_valid():
        answer = _take(request, form, standards)
        if answer:
            return answer
    of_schools, of_county = (tables_by_standard(county, year, level) for level in TableLevel.values)
    schools, items = of_schools.get(""), of_county.get("")
    context = {
        "year": year,
        "years": sorted({*years, this_year}, reverse=True),
        "schools": schools,
        "items": items,
        "missing_schools": _missing_schools(county, schools),
        "rows": len(schools.lines) if schools else 0,
        "answered": sum(1 for line in items.lines if line["value"]) if items else 0,
        "standards": [
            needs_of(one, of_schools.get(one.key, schools), of_county.get(one.key, items))
            for one in _used_first(standards, *of_schools.values(), *of_county.values())
        ],
        "counting": counting_ids(county),
        "form": form,
        "default_standard": DEFAULT_STANDARD,
        "choices": [(key, spoken(standard.name)) for key, standard in standards.items()],
        "history": page_of(
            request,
            IndicatorTable.objects.filter(county=county).defer("lines", "doubts", "changes")
            .select_related("by", "withdrawn_by"),
            size=TABLES_PER_PAGE,
        ),
        "names": {key: spoken(standard.name) for key, standard in standards.items()},
        "largest_mb": UPLOAD_LIMITS.file_bytes // 1024**2,
    }  # fmt: skip
    return render(request, "desk/indicators/overview.html", context, status=422 if form.errors else 200)


@require_safe
def form_file(request: HttpRequest) -> HttpResponse:
    """The form of a standard: the school table with the county's schools in it, or the county's items."""
    county = request.scope.county
    standard = standards_of(county).get(request.GET.get("standard", DEFAULT_STANDARD))
    if standard is None:
        raise Http404
    if request.GET.get("level") == TableLevel.COUNTY:
        return download(county_form(standard), f"{standard.key}-county.xlsx")
    schools = School.objects.filter(county=county, is_active=True).order_by("code")
    return download(school_form(standard, schools), f"{standard.key}-schools.xlsx")


def download(content: bytes, file_name: str) -> HttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=XLSX, headers=headers)


def grouped(text: str) -> str:
    """A whole number with its thousands apart, a fraction (of 亩) as a number; the rest as it is kept."""
    above, slash, below = text.partition("/")
    if slash and above.isdecimal() and below.isdecimal() and int(below):
        return f"{int(above) / int(below):,.2f}"
    return f"{int(text):,}" if text.isdecimal() and len(text) < 16 else text


def needs_of(
    standard: Standard, schools: IndicatorTable | None, items: IndicatorTable | None
) -> StandardNeeds:
    """The columns and items that this standard asks for and these tables do not have."""
    needed = needed_columns(standard)
    given: set[str] = set()
    for record in records_of(schools) if schools else ():
        given |= {base_column(column)[0] for column, text in record.cells.items() if text}
    for key, indicator in standard.indicators.items():
        if key in given:  # its ratio is given in place of amounts
            given |= set(indicator.columns)
    known = {line.item for line in item_lines_of(items) if line.value} if items else set()
    counts = {
        part
        for item in standard.items.values()
        for formula in item.formulas.values()
        for part in formula.items
    }
    asked = [item for area in items_by_area(standard) for item in area.items if item.key not in counts]
    lacking = [
        spoken(item.name)
        for item in asked
        if item.key not in known
        and not any(part in known for formula in item.formulas.values() for part in formula.items)
    ]
    return StandardNeeds(
        standard.key,
        spoken(standard.name),
        [standard.columns[key].name[language()] for key in needed if key not in given] if needed else None,
        lacking if asked else None,
        len(asked),
    )


def _used_first(standards: dict[str, Standard], *tables: IndicatorTable | None) -> list[Standard]:
    """The standards that the tables were made for, then the others."""
    used = {table.standard_key for table in tables if table} or {DEFAULT_STANDARD}
    return sorted(standards.values(), key=lambda standard: standard.key not in used)


def _missing_schools(county, table: IndicatorTable | None) -> list[str]:
    """Schools of the roster that the table has no row of."""
    if table is None:
        return []
    roster = roster_of(county)
    found = {school.code for record in records_of(table) if (school := roster.find(record))}
    return [school.name for school in roster.schools if school.code not in found]


def _take(request: HttpRequest, form: UploadForm, standards: dict[str, Standard]) -> HttpResponse | None:
    """Keeps the upload with its evidence; None with errors on the form if anything is refused."""
    given, now = form.cleaned_data, timezone.now()
    file = given["file"]
    try:
        refuse_large(file.size, limits=UPLOAD_LIMITS)
        content = file.read()
        sheets = sheets_of(content, file_name=file.name)
    except RosterFileError as error:
        form.add_error("file", str(error))
        return None
    if is_other_level(sheets, standards[given["standard"]], level=given["level"]):
        form.add_error("level", _("This file looks like the other kind of table. Choose what it holds."))
        return None
    try:
        papers = kept_papers(request, given["evidence"], note="")
    except EvidenceRefused as error:
        form.add_error("evidence", str(error))
        return None
    upload = keep_upload(
        content, county=request.scope.county, by=request.user, year=given["year"], level=given["level"],
        standard=standards[given["standard"]], file_name=file.name, now=now, evidence=papers,
    )  # fmt: skip
    if must_be_asked(upload):
        return redirect("indicator_mapping", upload.token)
    return redirect("indicator_preview", upload.token)


def kept_papers(request: HttpRequest, files: list, *, note: str) -> list[EvidenceFile]:
    """Stores the evidence of a form: all of the files, or none if one is refused."""
    if len(files) > MOST_FILES_AT_ONCE:
        raise EvidenceRefused(_("At most %(most)d files at once.") % {"most": MOST_FILES_AT_ONCE})
    for file in files:
        refuse_large_evidence(file.size)
    contents = [(safe_name(file.name), file.read()) for file in files]
    for name, content in contents:
        checked_kind(content, name)
    return [
        keep_evidence(
            content,
            county=request.scope.county,
            file_name=name,
            by=request.user,
            now=timezone.now(),
            note=note,
        )
        for name, content in contents
    ]
