"""Where a wave asks each audience: schools, townships or the county, with the people there by grade band."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from surveys.audiences import AUDIENCES
from surveys.models import School, Wave, WaveAudience, WaveState
from surveys.place_targets import Place, PlaceKey
from surveys.questionnaire import Questionnaire, instrument_keys, instrument_source, read_questionnaire

GRADE_ITEM = "grade_band"
GRADE_BAND = re.compile(r"g(\d{1,2})(?:_(\d{1,2}))?")
FIRST_GRADE = {"pupils_from_grade_3": 3}


def places_of(
    wave: Wave, rows: Sequence[WaveAudience], *, from_roster: bool = False
) -> dict[str, list[Place]]:
    """Audience → its places: those with a collector once the wave was opened, else those of the roster."""
    asked = None
    if wave.state != WaveState.DRAFT and not from_roster:
        asked = set(wave.collectors.order_by().values_list("audience", "school_id", "township_id"))
    schools = list(School.objects.filter(county=wave.county_id).order_by("code"))
    townships = list(wave.county.townships.values_list("pk", flat=True))
    found: dict[str, list[Place]] = {}
    for row in rows:
        known = AUDIENCES.get(row.audience)
        scope = known.scope if known else "county"
        bands = grade_bands(row)
        if scope == "school":
            places = [
                place
                for school in schools
                if (asked or school.is_active)
                and ((place := _school_place(school, known.population, bands)).people or asked)
            ]
        elif scope == "township":
            places = [Place((None, pk), "", 0, {}) for pk in townships]
        else:
            places = [Place((None, None), "", row.population or 0, {})] if schools else []
        found[row.audience] = [
            place for place in places if asked is None or (row.audience, *place.key) in asked
        ]
    return found


def grade_bands(row: WaveAudience) -> dict[str, tuple[int, int]]:
    """Grade band → first and last grade, where the audience's questionnaire asks the grade as a stratum."""
    questionnaire = questionnaire_of(row)
    for item in questionnaire.items if questionnaire else ():
        if item.name == GRADE_ITEM and item.stratum:
            if item.when is not None and item.when.for_audience(row.audience) is False:
                return {}
            found = {option.code: GRADE_BAND.fullmatch(option.code) for option in item.options}
            if all(found.values()):
                return {code: (int(one[1]), int(one[2] or one[1])) for code, one in found.items()}
    return {}


def questionnaire_of(row: WaveAudience) -> Questionnaire | None:
    """The frozen questionnaire of an audience; before the wave opens the one it would be asked."""
    if row.version:
        return row.version.questionnaire
    if row.questionnaire_key not in instrument_keys():
        return None
    return read_questionnaire(instrument_source(row.questionnaire_key), name=row.questionnaire_key)


def place_names(wave: Wave) -> dict[PlaceKey, tuple[str, str, str]]:
    """Place → name, code (of a school), township."""
    found: dict[PlaceKey, tuple[str, str, str]] = {(None, None): (wave.county.name, "", "")}
    for pk, name in wave.county.townships.values_list("pk", "name"):
        found[None, pk] = (name, "", name)
    for pk, name, code, township in School.objects.filter(county=wave.county_id).values_list(
        "pk", "name", "code", "township__name"
    ):
        found[pk, None] = (name, code, township)
    return found


def people_asked(school: School, population: str) -> int:
    """How many people of one audience a school has, by the roster.

    Only compulsory education (grades 1–9) is asked about: the senior part of a complete secondary school
    does not count. Parents are counted as one per pupil, until a better figure is imported.
    """
    return {
        "pupils": school.pupils_in(1, 9),
        "pupils_from_grade_3": school.pupils_in(3, 9),
        "teachers": school.teachers,
        "principals": 1,
    }[population]


def _school_place(school: School, population: str, bands: Mapping[str, tuple[int, int]]) -> Place:
    first = FIRST_GRADE.get(population, 1)
    grades = {
        band: people
        for band, (low, high) in bands.items()
        if (people := school.pupils_in(max(low, first), min(high, 9)))
    }
    return Place((school.pk, None), school.location, people_asked(school, population), grades)
