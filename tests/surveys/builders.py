"""A county with schools and an open wave, made through the same doors the bureau uses."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from surveys.audiences import AUDIENCES
from surveys.distribution.codes import new_collector_code, new_slip_code, slip_digest
from surveys.models import (
    AccessCode,
    Channel,
    Collector,
    County,
    School,
    Township,
    Wave,
)
from surveys.waves import AudiencePlan, create_wave, open_wave

LONG_NAME = "云川县第一实验小学教育集团滨河路校区（东校区）"

_numbers = itertools.count(1)


def make_county(*, name: str = "云川县", is_demo: bool = False) -> County:
    return County.objects.create(code=f"53{next(_numbers):04}", name=name, is_demo=is_demo)


def make_school(
    county: County, *, name: str = "第一小学", stage: str = "primary", location: str = "town"
) -> School:
    """A school of 90 pupils in the county seat's township."""
    township, _ = Township.objects.get_or_create(county=county, name="城关镇")
    return School.objects.create(
        county=county, township=township, code=f"S{next(_numbers):05}", name=name, stage=stage,
        location=location, pupils_by_grade={"1": 30, "3": 30, "5": 30}, classes=3, teachers=12,
    )  # fmt: skip


def make_wave(county: County, *, audience: str = "parent", name: str = "2026年秋季调查") -> Wave:
    """A draft that asks one audience, from yesterday until in nine days."""
    today = timezone.localdate()
    return create_wave(
        county=county, name=name, starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=9),
        scoring_rule="satisfied-top2", design="all_schools", by=None, now=timezone.now(),
        audiences=[
            AudiencePlan(
                audience=audience, questionnaire_key=AUDIENCES[audience].questionnaire, share=Decimal(1),
                population=50 if AUDIENCES[audience].population == "given" else None,
            )
        ],
    )  # fmt: skip


def open_wave_for(county: County, *, audience: str = "parent", source: str = "") -> Wave:
    """An open wave. `source`: the text of another questionnaire than the one supplied for the audience."""
    wave = make_wave(county, audience=audience)
    sources = {AUDIENCES[audience].questionnaire: source} if source else None
    open_wave(wave, by=None, now=timezone.now(), sources=sources)
    return wave


def poster_of(place: School | Wave) -> Collector:
    """The open poster of a school, or of a wave with one place only."""
    return place.collectors.get(channel=Channel.POSTER)


def make_slip(school: School, wave: Wave, *, audience: str = "parent") -> str:
    """The code of a fresh one-time slip of this school."""
    collector, _ = Collector.objects.get_or_create(
        wave=wave, school=school, audience=audience, channel=Channel.SLIPS,
        defaults={"code": new_collector_code(), "location": school.location},
    )  # fmt: skip
    code = new_slip_code()
    AccessCode.objects.create(collector=collector, digest=slip_digest(code))
    return code
