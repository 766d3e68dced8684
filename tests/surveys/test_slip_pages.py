"""Slips at the desk: what a school and the bureau see and do, page by page."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.models import AccessCode, Collector, PrintJob, SlipBatch, SlipStep, WaveAudience
from surveys.print_files import file_of
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import make_county, make_school, make_wave
from tests.surveys.printed import look_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    """A school of ninety pupils in grades 1, 3 and 5 with slips for parents, its user, and the bureau.

    Three people make a group, so that batches of three can be counted by hand.
    """
    county = make_county()
    school = make_school(county)
    make_school(county, name="第二小学")
    wave = make_wave(county)
    wave.minimum_group_size = 3
    wave.save()
    WaveAudience.objects.filter(wave=wave).update(channels="both")
    open_wave(wave, by=None, now=timezone.now())
    people = {
        "school": User.objects.create(username="school", role="school", county=county, school=school),
        "bureau": User.objects.create(username="bureau", role="bureau", county=county),
        "reviewer": User.objects.create(username="reviewer", role="reviewer", county=county),
    }
    clients = {}
    for role, person in people.items():
        clients[role] = Client()
        clients[role].force_login(person)
    slips = Collector.objects.get(wave=wave, school=school, channel="slips")
    return SimpleNamespace(wave=wave, school_row=school, slips=slips, **clients)


def text_of(response) -> str:
    return response.content.decode()


def token_in(page) -> str:
    return re.search(r'name="token" value="([^"]+)"', text_of(page))[1]


def print_classes(cast, client: Client, **fields: str):
    address = f"/desk/waves/slips/{cast.slips.pk}/print/"
    return client.post(address, {"token": token_in(client.get(address))} | fields)


def test_a_school_prints_its_classes_fetches_the_sheets_and_finds_the_batches(cast):
    page = cast.school.get(f"/desk/waves/slips/{cast.slips.pk}/print/")
    assert 'name="classes-3" value="1"' in text_of(page)
    assert 'name="size-3" value="30"' in text_of(page)
    sent = print_classes(
        cast, cast.school, **{"classes-1": "2", "size-1": "15", "label-1": "特教班", "count-1": "4"}
    )
    job = PrintJob.objects.get()
    assert sent["Location"] == f"/desk/waves/prints/{job.pk}/"
    assert job.state == "done"
    labels = list(SlipBatch.objects.values_list("label", "count", "state"))
    assert labels == [("一年级1班", 15, "printed"), ("一年级2班", 15, "printed"), ("特教班", 4, "printed")]
    sheets = look_at(file_of(job, timezone.now()))
    assert [len(sheet.links) for sheet in sheets] == [15, 15, 4]
    fetched = cast.school.get(f"/desk/waves/prints/{job.pk}/file/")
    assert fetched["Content-Type"] == "application/pdf"
    ledger = text_of(cast.school.get(f"/desk/waves/slips/{cast.slips.pk}/"))
    assert "一年级2班" in ledger
    assert "已打印" in ledger


def test_no_page_shows_a_code_after_printing(cast):
    print_classes(cast, cast.school, **{"label-1": "一班", "count-1": "3"})
    batch = SlipBatch.objects.get()
    codes = {link.rpartition("/")[2] for link in look_at(file_of(batch.job, timezone.now()))[0].links}
    assert len(codes) == 3
    for address in (
        f"/desk/waves/slips/{cast.slips.pk}/",
        f"/desk/waves/slips/batches/{batch.pk}/",
        f"/desk/waves/prints/{batch.job.pk}/",
    ):
        assert not any(code in text_of(cast.bureau.get(address)) for code in codes)


def test_a_school_is_stopped_where_slips_would_exceed_its_people_and_the_bureau_is_not(cast):
    refused = print_classes(cast, cast.school, **{"label-1": "全校", "count-1": "100"})
    assert refused.status_code == 422
    assert "90人" in text_of(refused)
    assert 'value="100"' in text_of(refused)
    assert SlipBatch.objects.count() == 0
    assert print_classes(cast, cast.bureau, **{"label-1": "全校", "count-1": "100"}).status_code == 302
    assert "有效答题条" in text_of(cast.bureau.get(f"/desk/waves/slips/{cast.slips.pk}/"))


@pytest.mark.parametrize(
    "fields",
    [{}, {"classes-1": "2"}, {"size-1": "30"}, {"label-1": "一班"}, {"label-1": "一班", "count-1": "x"},
     {"classes-1": "-1", "size-1": "3"}, {"classes-1": "41", "size-1": "1"}, {"count-1": "9999999999999"}],
)  # fmt: skip
def test_form_that_says_too_little_or_nonsense_prints_nothing(cast, fields):
    assert print_classes(cast, cast.school, **fields).status_code == 422
    assert (SlipBatch.objects.count(), PrintJob.objects.count()) == (0, 0)


def test_batch_is_handed_out_and_voided_with_a_trace(cast):
    print_classes(cast, cast.school, **{"label-1": "一班", "count-1": "3"})
    batch = SlipBatch.objects.get()
    address = f"/desk/waves/slips/batches/{batch.pk}/"
    assert cast.school.post(address, {"step": "handed", "to": ""}).status_code == 422
    assert cast.school.post(address, {"step": "handed", "to": "王老师"}).status_code == 302
    assert "发给王老师" in text_of(cast.reviewer.get(address))
    assert "3张未用的答题条立即失效" in text_of(cast.school.get(f"{address}void/"))
    assert cast.school.post(f"{address}void/", {"reason": ""}).status_code == 422
    assert cast.school.post(f"{address}void/", {"reason": "全班遗失"}).status_code == 302
    assert set(AccessCode.objects.values_list("state", flat=True)) == {"void"}
    assert list(SlipStep.objects.values_list("action", "by__username")) == [
        ("printed", "school"), ("handed", "school"), ("void", "school"),
    ]  # fmt: skip
    assert cast.school.get(f"{address}void/").status_code == 302
    assert cast.school.get(f"{address}reprint/").status_code == 302


def test_batch_is_printed_again_under_a_new_number(cast):
    print_classes(cast, cast.school, **{"label-1": "一班", "count-1": "3"})
    old = SlipBatch.objects.get()
    address = f"/desk/waves/slips/batches/{old.pk}/reprint/"
    sent = cast.school.post(address, {"token": token_in(cast.school.get(address)), "reason": "打印不清"})
    assert sent.status_code == 302
    old.refresh_from_db()
    assert (old.state, old.replaced_by.number, old.replaced_by.count) == ("reprinted", 2, 3)
    states = list(AccessCode.objects.order_by("batch").values_list("batch__number", "state").distinct())
    assert states == [(1, "void"), (2, "issued")]


def test_lost_slip_is_voided_by_its_code(cast):
    print_classes(cast, cast.school, **{"label-1": "一班", "count-1": "3"})
    link = look_at(file_of(PrintJob.objects.get(), timezone.now()))[0].links[0]
    address = f"/desk/waves/slips/{cast.slips.pk}/void/"
    assert cast.school.post(address, {"code": "B2K7N9QWXYZZ", "reason": "丢失"}).status_code == 422
    sent = cast.school.post(address, {"code": link, "reason": "丢失"})
    assert sent.status_code == 302
    assert AccessCode.objects.filter(state="void").count() == 1
    assert Client().get(link.replace("http://testserver", "")).status_code == 410


def test_bureau_sees_every_place_and_a_school_its_own_only(cast):
    print_classes(cast, cast.school, **{"label-1": "一班", "count-1": "3"})
    page = text_of(cast.bureau.get(f"/desk/waves/{cast.wave.pk}/slips/"))
    assert "第一小学" in page
    assert "第二小学" in page
    found = text_of(cast.bureau.get(f"/desk/waves/{cast.wave.pk}/slips/?q=第二"))
    assert "第一小学" not in found
    own = text_of(cast.school.get("/desk/school/slips/"))
    assert "第二小学" not in own
    assert "打印答题条" in own


def test_reviewer_reads_and_prints_nothing(cast):
    assert cast.reviewer.get(f"/desk/waves/slips/{cast.slips.pk}/").status_code == 200
    assert cast.reviewer.get(f"/desk/waves/slips/{cast.slips.pk}/print/").status_code == 403
    assert "打印答题条…" not in text_of(cast.reviewer.get(f"/desk/waves/slips/{cast.slips.pk}/"))


def test_closed_wave_prints_no_slips(cast):
    close_wave(cast.wave, by=None, now=timezone.now())
    sent = print_classes(cast, cast.bureau, **{"label-1": "一班", "count-1": "3"})
    assert sent.status_code == 422
    assert PrintJob.objects.count() == 0


@pytest.mark.parametrize(("query", "size_mm"), [("", (210, 297)), ("?paper=a3&bilingual=1", (297, 420))])
@pytest.mark.parametrize("role", ["bureau", "reviewer", "school"])
def test_poster_is_downloaded_as_pdf(cast, tmp_path, role, query, size_mm):
    poster = Collector.objects.get(wave=cast.wave, school=cast.school_row, channel="poster")
    client = getattr(cast, role)
    response = client.get(f"/desk/waves/collectors/{poster.pk}/poster.pdf{query}")
    assert response["Content-Type"] == "application/pdf"
    file = tmp_path / "poster.pdf"
    file.write_bytes(response.content)
    [sheet] = look_at(file)
    assert sheet.size_mm == size_mm
    assert sheet.links == (f"http://testserver/r/{poster.code}",)


def test_form_of_a_wave_offers_posters_slips_or_both(cast):
    page = text_of(cast.bureau.get("/desk/waves/new/"))
    assert 'name="parent-channels"' in page
    assert "海报和答题条" in page


def test_slips_have_no_poster(cast):
    for page in ("poster/", "poster.pdf"):
        response = cast.school.get(f"/desk/waves/collectors/{cast.slips.pk}/{page}")
        assert (response.status_code, response["Location"]) == (302, f"/desk/waves/slips/{cast.slips.pk}/")
