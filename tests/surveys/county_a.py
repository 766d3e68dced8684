"""The reference county: 60 schools, 12,054 answers, and the known size of every group.

`load_county_a()` makes it through the product's own doors: an open wave with the questionnaire of the
reference data, and the answers through the import of ready-made answers. `add_county_a_controls` adds the
population controls that the reference numbers were computed with.
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from scoring.models import PopulationControl
from surveys.answer_columns import ColumnMap
from surveys.models import County, ResidentPopulation, School, Township, Wave
from surveys.ready_answers import ImportedAnswers, import_answers
from surveys.waves import AudiencePlan, create_wave, open_wave

TESTS = Path(__file__).resolve().parent.parent
DATA = TESTS / "golden" / "data"
FORM = TESTS / "questionnaires" / "county_a.toml"
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SHARES = {"parent": "0.5"} | dict.fromkeys(("student", "teacher", "principal", "deputy", "resident"), "0.1")
RESIDENTS = {"rural": 88400, "town": 71250, "urban": 54900}
DEPUTIES = 405
COLUMNS = ColumnMap(items={"location": "class"}, codes={"grade_band": {"none": ""}})


def rows_of(name: str) -> list[dict[str, str]]:
    with gzip.open(DATA / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def load_county_a() -> Wave:
    """The open wave with all 12,054 answers in it."""
    wave = open_county_a()
    import_county_a_answers(wave)
    return wave


def open_county_a() -> Wave:
    """The county, its schools, and the open wave without an answer."""
    county = County.objects.create(code="990100", name="参考县")
    township = Township.objects.create(county=county, name="全县")
    School.objects.bulk_create(
        School(
            county=county, township=township, code=row["school"], name=f"{row['school']}学校",
            stage=row["level"], location=row["class"], pupils_by_grade=_pupils(row), classes=1,
            teachers=int(row["N_teacher"]),
        )
        for row in rows_of("county_a_schools")
    )  # fmt: skip
    ResidentPopulation.objects.bulk_create(
        ResidentPopulation(county=county, location=location, people=people, source="reference data")
        for location, people in RESIDENTS.items()
    )
    wave = create_wave(
        county=county, name="参考批次", starts_on=date(2026, 11, 16), ends_on=date(2026, 11, 21),
        scoring_rule="satisfied-top2", design="all_schools", by=None, now=NOW,
        audiences=[
            AudiencePlan(
                audience=audience, questionnaire_key="county_a", share=Decimal(share),
                population=DEPUTIES if audience == "deputy" else None,
            )
            for audience, share in SHARES.items()
        ],
    )  # fmt: skip
    open_wave(wave, by=None, now=NOW, sources={"county_a": FORM.read_text(encoding="utf-8")})
    return wave


def import_county_a_answers(wave: Wave) -> ImportedAnswers:
    path = DATA / "county_a.csv.gz"
    return import_answers(wave, path.read_bytes(), file_name=path.name, columns=COLUMNS, by=None, now=NOW)


def add_county_a_controls(wave: Wave) -> None:
    """Parents, pupils and teachers per school; head teachers, deputies and residents per class."""
    schools = {school.code: school for school in School.objects.filter(county=wave.county)}
    controls = []
    for row in rows_of("county_a_strata"):
        school = schools.get(row["cell"])
        controls.append(
            PopulationControl(
                wave=wave, audience=row["audience"], school=school, location=row["class"],
                people=int(row["N"]), source="reference data",
            )
        )  # fmt: skip
    PopulationControl.objects.bulk_create(controls)


def _pupils(row: dict[str, str]) -> dict[str, int]:
    """Grades so that the school has its pupils, and as many from grade 3 up as the reference has students."""
    asked, others = int(row["N_student"]), int(row["pupils"]) - int(row["N_student"])
    older = {"primary": range(3, 7), "nine_year": range(3, 10), "junior": range(7, 10)}[row["level"]]
    grades = {**_spread(others, range(1, 3)), **_spread(asked, older)}
    return {str(grade): pupils for grade, pupils in grades.items() if pupils}


def _spread(people: int, grades: range) -> dict[int, int]:
    each, rest = divmod(people, len(grades))
    return {grade: each + (number < rest) for number, grade in enumerate(grades)}
