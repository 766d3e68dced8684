"""The list of open entry points, for people and for programs."""

import json

import pytest
from django.core.management import CommandError, call_command

from surveys.models import Collector
from surveys.waves import close_wave
from tests.surveys.builders import make_county, make_school, make_wave, open_wave_for
from tests.surveys.small_wave import NOON

pytestmark = pytest.mark.django_db


def listed(capsys, *options) -> list[dict]:
    call_command("collectors", "--json", *options)
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def county():
    county = make_county()
    make_school(county, name="第一小学")
    make_school(county, name="第二小学")
    return county


def test_an_open_waves_collectors_are_listed_with_their_links(county, capsys, settings):
    settings.PUBLIC_ORIGIN = "https://renke.example"
    wave = open_wave_for(county)
    first = Collector.objects.select_related("school").order_by("pk").first()
    rows = listed(capsys)
    assert len(rows) == 2
    assert rows[0] == {
        "wave": wave.pk, "wave_name": wave.name, "county": county.name, "school": first.school.code,
        "school_name": "第一小学", "township": "", "audience": "parent", "channel": "poster",
        "code": first.code, "link": f"https://renke.example/r/{first.code}",
    }  # fmt: skip


def test_a_listed_link_opens_on_a_phone(county, capsys, client):
    open_wave_for(county)
    link = listed(capsys)[0]["link"]
    assert link.startswith("http://localhost:8000/r/")
    assert client.get(link.removeprefix("http://localhost:8000")).status_code == 200


def test_drafts_and_closed_waves_are_not_listed(county, capsys):
    make_wave(county, name="草稿")
    assert listed(capsys) == []
    wave = open_wave_for(county)
    close_wave(wave, by=None, now=NOON)
    assert listed(capsys) == []
    call_command("collectors")
    assert capsys.readouterr().out == "No wave is open.\n"


def test_one_wave_can_be_asked_for(county, capsys):
    wave = open_wave_for(county)
    other = make_county(name="邻县")
    make_school(other)
    assert len(listed(capsys, "--wave", str(wave.pk))) == 2
    assert (
        listed(capsys, "--wave", str(open_wave_for(other, audience="resident").pk))[0]["township"] == "城关镇"
    )
    with pytest.raises(CommandError, match="There is no wave 999999"):
        call_command("collectors", "--wave", "999999")


def test_the_plain_list_has_a_line_for_each(county, capsys):
    open_wave_for(county)
    call_command("collectors")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[0].split("\t")[1:3] == ["parent", "poster"]
