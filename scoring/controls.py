"""Population controls: how many people stand behind each cell of a wave.

A cell is audience × school for people asked through a school, and audience × urban–rural class for
everybody else. Figures come from `PopulationControl` rows if there are any, else from the roster.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from scoring.models import PopulationControl
from surveys.asked_places import people_asked
from surveys.audiences import AUDIENCES
from surveys.models import ResidentPopulation, School, Wave, WaveAudience

WHOLE_CLASS = "*"


@dataclass(frozen=True)
class Control:
    """Known size of a cell. `cell` is a school code, or "*" for everybody of the audience in the class."""

    audience: str
    location: str
    cell: str
    people: float
    source: str

    def as_dict(self) -> dict:
        return asdict(self)


def population_controls(wave: Wave) -> list[Control]:
    """The controls of every audience of the wave, in a fixed order."""
    residents = resident_shares(wave)
    given: dict[str, list[PopulationControl]] = {}
    for row in PopulationControl.objects.filter(wave=wave).select_related("school").order_by("pk"):
        given.setdefault(row.audience, []).append(row)
    schools = list(School.objects.filter(county=wave.county).order_by("code"))
    asked = set(wave.collectors.filter(school__isnull=False).values_list("audience", "school_id"))
    controls = []
    for row in wave.audiences.all():
        if row.audience in given:
            controls += [
                Control(
                    row.audience,
                    one.location,
                    one.school.code if one.school else WHOLE_CLASS,
                    one.people,
                    one.source,
                )
                for one in given[row.audience]
            ]
        else:
            controls += _from_roster(row, schools, asked, residents, wave)
    return controls


def resident_shares(wave: Wave) -> dict[str, float]:
    """Each urban–rural class's share of the residents, in the order rural, town, urban; {} if unknown."""
    people = dict(ResidentPopulation.objects.filter(county=wave.county).values_list("location", "people"))
    total = sum(people.values())
    return (
        {place: people[place] / total for place in ("rural", "town", "urban") if people.get(place)}
        if total
        else {}
    )


def _from_roster(
    row: WaveAudience,
    schools: list[School],
    asked: set[tuple[str, int]],
    residents: dict[str, float],
    wave: Wave,
) -> list[Control]:
    audience = AUDIENCES[row.audience]
    if audience.scope == "school":
        return [
            Control(
                row.audience,
                school.location,
                school.code,
                people_asked(school, audience.population),
                "roster",
            )
            for school in schools
            if (row.audience, school.pk) in asked
        ]
    if audience.population == "residents":
        people = ResidentPopulation.objects.filter(county=wave.county).order_by("location")
        return [
            Control(row.audience, one.location, WHOLE_CLASS, one.people, one.source or "roster")
            for one in people
        ]
    # Deputies and CPPCC members: a total is known at most; it is spread as the residents are.
    total = row.population or 0
    return [
        Control(row.audience, place, WHOLE_CLASS, total * share, "total spread by resident population")
        for place, share in residents.items()
        if total
    ]
