"""Draws: the same list and seed give the same units, in whatever order; all units are equally likely."""

from __future__ import annotations

import hashlib
import io
from collections import Counter

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from survey_site.accounts.models import User
from surveys.draw_lists import DrawListError, class_frame, keep_draw, list_frame
from surveys.draws import DrawRefused, draw, numbered
from surveys.models import Draw, WaveEvent
from surveys.roster.reading import read_sheets
from surveys.waves import WaveRefused, delete_draft
from tests.surveys.builders import make_county, make_school, make_wave

CLASSES = [f"{number}班" for number in range(1, 13)]


def test_the_units_with_the_smallest_sha256_are_drawn():
    """Worked out here by hand, as a county would check it."""
    by_hand = sorted(CLASSES, key=lambda one: hashlib.sha256(f"福彩2026131|一小|{one}".encode()).hexdigest())
    assert draw({"一小": CLASSES}, wanted={"一小": 3}, seed="福彩2026131") == {"一小": by_hand[:3]}


def test_the_order_of_the_list_plays_no_part():
    drawn = draw({"一小": CLASSES}, wanted={"一小": 5}, seed="7")
    assert draw({"一小": CLASSES[::-1]}, wanted={"一小": 5}, seed="7") == drawn
    assert draw({"一小": CLASSES}, wanted={"一小": 5}, seed="8") != drawn


def test_every_class_is_drawn_about_equally_often():
    """600 seeds, 3 of 12: 150 times each; 5 standard deviations are 53."""
    frame, wanted = {"一小": CLASSES}, {"一小": 3}
    times = Counter(
        unit for seed in range(600) for unit in draw(frame, wanted=wanted, seed=str(seed))["一小"]
    )
    assert len(times) == 12
    assert all(abs(count - 150) < 53 for count in times.values())


def test_more_than_there_are_is_refused():
    with pytest.raises(DrawRefused) as refused:
        draw({"一小": CLASSES}, wanted={"一小": 13}, seed="1")
    assert (refused.value.wanted, refused.value.there_are) == (13, 12)


def test_numbers_keep_their_order_on_paper():
    assert numbered(8, 11) == ["08", "09", "10", "11"]


def test_a_list_is_read_by_its_headings_and_its_mistakes_are_named():
    sheet = read_sheets("乡镇,名单\n城关镇,001\n城关镇,002\n河口乡,001\n".encode(), file_name="a.csv")[0]
    assert list_frame(sheet) == {"城关镇": ["001", "002"], "河口乡": ["001"]}
    twice = read_sheets("乡镇,名单\n城关镇,001\n城关镇,001\n".encode(), file_name="a.csv")[0]
    with pytest.raises(DrawListError, match="3"):
        list_frame(twice)
    with pytest.raises(DrawListError):
        list_frame(read_sheets("学校,人数\n一小,9\n".encode(), file_name="a.csv")[0])


@pytest.mark.django_db
def test_classes_come_from_the_roster_and_the_draw_is_kept_for_good():
    school = make_school(make_county())
    wave = make_wave(school.county)
    frame = class_frame(wave)
    assert frame == {f"{school.name} {school.code}": ["一年级1班", "三年级1班", "五年级1班"]}
    kept = keep_draw(
        wave, kind="classes", title="班级", frame=frame, wanted=dict.fromkeys(frame, 1), seed="2026", by=None,
        started_from={}, now=timezone.now(),
    )  # fmt: skip
    assert WaveEvent.objects.get(action="drawn").detail["seed"] == "2026"
    assert kept.drawn_units == 1
    with pytest.raises(WaveRefused):
        delete_draft(wave)


@pytest.fixture
def bureau(db) -> Client:
    school = make_school(make_county())
    make_wave(school.county)
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=school.county))
    client.wave = school.county.waves.get()
    return client


def test_households_are_drawn_at_the_desk_printed_and_exported(bureau):
    page = f"/desk/waves/{bureau.wave.pk}/draws/"
    sent = {
        "title": "入户名单",
        "kind": "numbers",
        "total": 6,
        "numbers": "城关镇 200\n河口乡 100",
        "seed": "131",
    }
    done = bureau.post(page, sent)
    kept = Draw.objects.get()
    assert done["Location"] == f"{page}{kept.pk}/"
    assert {group: len(units) for group, units in kept.drawn.items()} == {"城关镇": 4, "河口乡": 2}
    shown = bureau.get(done["Location"]).content.decode()
    assert all(unit in shown for units in kept.drawn.values() for unit in units)
    book = load_workbook(io.BytesIO(bureau.get(f"{page}{kept.pk}/list.xlsx").content))
    assert book.worksheets[0].max_row == 7
    assert book.worksheets[1].max_row == 301


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "numbers", "each": 2, "numbers": "城关镇 many"},
        {"kind": "numbers", "each": 2, "numbers": ""},
        {"kind": "numbers", "total": 500, "numbers": "城关镇 200"},
        {"kind": "numbers", "each": 2, "total": 3, "numbers": "城关镇 200"},
        {"kind": "numbers", "numbers": "城关镇 200"},
        {"kind": "numbers", "each": 1, "numbers": "城关镇 99999999999999999999"},
        {"kind": "list", "each": 2},
        {"kind": "classes", "each": 2, "seed": "a|b"},
        {"kind": "classes", "total": 900},
    ],
)
def test_a_draw_that_cannot_be_made_is_refused_on_the_form(bureau, wrong):
    response = bureau.post(f"/desk/waves/{bureau.wave.pk}/draws/", {"title": "抽取"} | wrong)
    assert response.status_code == 422
    assert not Draw.objects.exists()
