"""Several browsers at once: a late school gets its collectors once, an import is undone once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.audit import chain_problems
from survey_site.accounts.models import AuditChain, User
from surveys.models import Collector, RosterImport, RosterUndo, School, WaveEvent
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.roster.saving import RosterFile, import_roster
from surveys.verification import verify_wave
from surveys.waves import WaveRefused, ask_late_places, open_wave
from tests.surveys.builders import make_county, make_school, make_wave, open_wave_for
from tests.surveys.roster_files import FIRST, HEADINGS, csv_bytes
from tests.surveys.test_concurrency import in_threads

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6


def bring(county, *rows) -> RosterImport:
    checked = check_roster(read_sheets(csv_bytes([HEADINGS, *rows]), file_name="名册.csv"))
    file = RosterFile("名册.csv", "0" * 64, 1)
    return import_roster(county, checked, file=file, by=None, now=timezone.now())


def browsers(county, count: int) -> list[Client]:
    desks = []
    for number in range(count):
        desk = Client()
        desk.force_login(User.objects.create(username=f"bureau{number}", role="bureau", county=county))
        desks.append(desk)
    return desks


def test_late_schools_added_by_many_at_once_are_asked_once():
    county = make_county()
    make_school(county, name="第一小学")
    wave = open_wave_for(county)
    target = wave.audiences.get().target
    before = wave.collectors.count()
    for number in range(4):
        make_school(county, name=f"新{number}小学")
    made = in_threads(
        lambda _: ask_late_places(wave, by=None, now=timezone.now()), range(AT_ONCE), threads=AT_ONCE
    )
    assert sorted(made) == [0] * (AT_ONCE - 1) + [4]
    assert wave.collectors.count() == before + 4
    places = Collector.objects.filter(wave=wave).values_list("audience", "school", "channel")
    assert len(set(places)) == len(places)
    assert WaveEvent.objects.filter(wave=wave, action="collectors_added").count() == 1
    assert wave.audiences.get().target == target * 5
    assert verify_wave(wave).problems == ()


def test_import_undone_by_many_browsers_at_once_is_undone_once():
    county = make_county()
    trace = bring(county, FIRST)
    desks = browsers(county, AT_ONCE)
    answers = in_threads(
        lambda desk: desk.post(f"/desk/roster/imports/{trace.pk}/undo/", {"reason": "传错了"}).status_code,
        desks, threads=AT_ONCE,
    )  # fmt: skip
    assert answers == [302] * AT_ONCE
    assert RosterUndo.objects.count() == 1
    assert not School.objects.filter(county=county).exists()
    assert [chain_problems(chain) for chain in AuditChain.objects.all()] == [[]]


@pytest.mark.parametrize("round_", range(3))
def test_wave_opened_while_an_import_is_undone_either_waits_or_stands_in_the_way(round_):
    """Whoever comes first: the wave asks the school and it stays, or the school is gone and not asked."""
    county = make_county()
    make_school(county, name="第一小学")
    trace = bring(county, FIRST)
    wave = make_wave(county, name="秋季自测")
    [desk] = browsers(county, 1)

    def undo() -> int:
        return desk.post(f"/desk/roster/imports/{trace.pk}/undo/", {"reason": "传错了"}).status_code

    def opening() -> str:
        try:
            open_wave(wave, by=None, now=timezone.now() + timedelta(seconds=1))
        except WaveRefused as refused:
            return str(refused)
        return ""

    acts = [undo, opening] if round_ % 2 else [opening, undo]
    results = in_threads(lambda act: act(), acts, threads=2)
    assert 302 in results and "" in results
    asked = set(wave.collectors.values_list("school__code", flat=True))
    assert (FIRST[0] in asked) == School.objects.filter(county=county, code=FIRST[0]).exists()
    assert RosterUndo.objects.exists() == (FIRST[0] not in asked)
    assert verify_wave(wave).problems == ()
