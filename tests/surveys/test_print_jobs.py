"""The county's ZIP is made step by step, goes on after an interruption, and is deleted in time."""

from __future__ import annotations

import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.models import User
from surveys import print_making
from surveys.models import AccessCode, PrintJob, SlipBatch, WaveAudience
from surveys.print_files import KEPT, KEPT_WITH_CODES, delete_expired, file_of, folder_of
from surveys.print_jobs import PrintRefused, new_token, run_job, start_county, start_slips
from surveys.print_progress import STALE, is_stale, stale_jobs
from surveys.slip_ledger import Order, counts_by_collector
from surveys.tasks import run_print_job, tidy_prints
from surveys.waves import open_wave
from tests.surveys.builders import make_county, make_school, make_wave
from tests.surveys.printed import look_at

pytestmark = pytest.mark.django_db

ORIGIN = "https://renke.yunchuan.gov.cn"


@pytest.fixture
def wave():
    """Three schools; parents get posters and slips."""
    county = make_county()
    for name in ("第一小学", "第二小学", "第三/小学：东"):
        make_school(county, name=name)
    made = make_wave(county)
    WaveAudience.objects.filter(wave=made).update(channels="both")
    open_wave(made, by=None, now=timezone.now())
    return made


@pytest.fixture
def bureau(wave):
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=wave.county))
    return client


def county_job(wave, *, with_slips: bool = False, papers=("a4",)) -> PrintJob:
    return start_county(
        wave,
        papers=papers,
        bilingual=False,
        with_slips=with_slips,
        origin=ORIGIN,
        by=None,
        now=timezone.now(),
    )


def names_in(job: PrintJob) -> list[str]:
    job.refresh_from_db()
    with zipfile.ZipFile(file_of(job, timezone.now())) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def test_zip_holds_a_folder_for_each_school_with_its_posters(wave):
    job = county_job(wave, papers=("a4", "a3"))
    assert run_job(job.pk)
    names = names_in(job)
    assert len(names) == 6
    assert {name.rpartition("-")[2] for name in names} == {"A3.pdf", "A4.pdf"}
    assert sum("第一小学/第一小学-海报-A4.pdf" in name for name in names) == 1
    # No name leads out of the folder or breaks a file system.
    assert all(name.count("/") == 1 and "：" in name for name in names if "第三" in name)
    assert (job.done, job.total, job.state) == (6, 6, "done")


def test_zip_with_slips_prints_a_first_batch_for_every_class_and_each_slip_can_be_scanned(wave, tmp_path):
    job = county_job(wave, with_slips=True)
    assert run_job(job.pk)
    names = names_in(job)
    slips = [name for name in names if "一次性" in name]
    assert (len(names), len(slips)) == (6, 3)
    with zipfile.ZipFile(file_of(job, timezone.now())) as archive:
        archive.extract(slips[0], tmp_path)
    links = [link for sheet in look_at(tmp_path / slips[0]) for link in sheet.links]
    assert len(set(links)) == 90
    counts = counts_by_collector(wave.collectors.filter(channel="slips"))
    assert [count.issued for count in counts.values()] == [90, 90, 90]


def test_county_file_prints_no_second_slips_where_some_are_out(wave):
    first = wave.collectors.filter(channel="slips").first()
    run_job(
        start_slips(
            first, [Order("一年级1班", 5)], origin=ORIGIN, token=new_token(), by=None, now=timezone.now(),
            is_school=False,
        ).pk
    )  # fmt: skip
    job = county_job(wave, with_slips=True)
    run_job(job.pk)
    assert len([name for name in names_in(job) if "一次性" in name]) == 2
    assert counts_by_collector([first])[first.pk].printed == 5


def test_job_that_lost_its_worker_goes_on_and_makes_nothing_twice(wave, monkeypatch):
    job = county_job(wave, with_slips=True)
    made, real = [], print_making.posters_pdf

    class PowerCutError(BaseException):
        """Nothing of ours catches it, as nothing catches a killed process."""

    def failing(file, posters, *, paper):
        if len(made) == 2:
            raise PowerCutError
        made.append(paper)
        return real(file, posters, paper=paper)

    monkeypatch.setattr(print_making, "posters_pdf", failing)
    with pytest.raises(PowerCutError):
        run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "running"
    before = set(AccessCode.objects.values_list("pk", flat=True))
    assert len(before) == 180  # two schools' slips are out already

    assert not run_job(job.pk)  # its worker may still live
    monkeypatch.setattr(
        print_making, "posters_pdf", lambda *args, **kw: made.append("again") or real(*args, **kw)
    )
    PrintJob.objects.filter(pk=job.pk).update(beat_at=timezone.now() - STALE - timedelta(seconds=1))
    assert run_job(job.pk)
    assert len(names_in(job)) == 6
    assert made.count("again") == 1
    assert before < set(AccessCode.objects.values_list("pk", flat=True))
    assert AccessCode.objects.count() == 270


def test_sheet_interrupted_before_its_codes_are_stored_is_drawn_anew(wave, monkeypatch):
    collector = wave.collectors.filter(channel="slips").first()
    job = start_slips(
        collector, [Order("一班", 3), Order("二班", 4)], origin=ORIGIN, token=new_token(), by=None,
        now=timezone.now(), is_school=False,
    )  # fmt: skip
    monkeypatch.setattr(
        print_making, "slips_pdf", lambda *args, **kw: (_ for _ in ()).throw(OSError(28, "disk full"))
    )
    assert run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "failed"
    assert "disk full" in job.error
    assert AccessCode.objects.count() == 0
    monkeypatch.undo()
    assert run_job(job.pk)
    job.refresh_from_db()
    sheets = look_at(file_of(job, timezone.now()))
    assert [len(sheet.links) for sheet in sheets] == [3, 4]
    assert AccessCode.objects.count() == 7
    assert set(SlipBatch.objects.values_list("state", flat=True)) == {"printed"}


def test_two_workers_do_not_make_one_job_together(wave):
    job = county_job(wave)
    PrintJob.objects.filter(pk=job.pk).update(state="running", beat_at=timezone.now())
    assert not run_job(job.pk)
    assert not run_print_job.apply(args=[job.pk]).result


def test_only_one_county_file_is_made_at_a_time(wave):
    county_job(wave)
    with pytest.raises(PrintRefused):
        county_job(wave)


def test_nothing_chosen_is_refused(wave):
    with pytest.raises(PrintRefused):
        county_job(wave, papers=("a5",))


def test_files_with_codes_are_deleted_after_a_day_and_posters_after_a_week(wave):
    posters = county_job(wave)
    run_job(posters.pk)
    slips = county_job(wave, with_slips=True)
    run_job(slips.pk)
    now = timezone.now()
    for job in (posters, slips):
        job.refresh_from_db()
    assert slips.expires_at <= now + KEPT_WITH_CODES
    assert posters.expires_at > now + KEPT - timedelta(minutes=5)
    later = now + timedelta(hours=25)
    assert file_of(slips, later) is None
    assert delete_expired(later) == 1
    assert not folder_of(slips).exists()
    assert file_of(posters, later) is not None
    slips.refresh_from_db()
    assert slips.state == "deleted"
    assert delete_expired(now + timedelta(days=8)) == 1
    assert not folder_of(posters).exists()


def test_parts_of_a_job_that_was_given_up_do_not_stay(wave):
    job = county_job(wave, with_slips=True)
    folder_of(job).mkdir(parents=True)
    PrintJob.objects.filter(pk=job.pk).update(state="failed")
    assert delete_expired(timezone.now()) == 0
    assert delete_expired(timezone.now() + KEPT_WITH_CODES + timedelta(minutes=1)) == 1
    assert not folder_of(job).exists()


def test_job_under_way_is_not_deleted(wave, bureau):
    job = county_job(wave)
    folder_of(job).mkdir(parents=True)
    bureau.post(f"/desk/waves/prints/{job.pk}/", {"step": "delete"})
    job.refresh_from_db()
    assert (job.state, folder_of(job).exists()) == ("waiting", True)


def test_stale_job_is_found_and_taken_up_again_by_the_tidying_task(wave):
    job = county_job(wave)
    assert not is_stale(job, timezone.now())
    PrintJob.objects.filter(pk=job.pk).update(at=timezone.now() - STALE - timedelta(seconds=1))
    assert list(stale_jobs(timezone.now())) == [job]
    tidy_prints()
    job.refresh_from_db()
    assert job.state == "done"


def test_page_shows_progress_and_offers_to_go_on_when_nothing_moves(wave, bureau):
    job = county_job(wave)
    PrintJob.objects.filter(pk=job.pk).update(
        state="running", done=1, beat_at=timezone.now(), step="第一小学"
    )
    address = f"/desk/waves/prints/{job.pk}/"
    page = bureau.get(address).content.decode()
    assert "33%" in page
    assert 'hx-trigger="every 2s"' in page
    assert 'http-equiv="refresh"' in page
    assert 'value="go_on"' not in page
    PrintJob.objects.filter(pk=job.pk).update(beat_at=timezone.now() - STALE - timedelta(seconds=1))
    part = bureau.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'value="go_on"' in part
    assert "<html" not in part
    bureau.post(address, {"step": "go_on"})
    page = bureau.get(address).content.decode()
    assert f"/desk/waves/prints/{job.pk}/file/" in page
    assert "hx-trigger" not in page


def test_zip_is_fetched_in_pieces_and_counted_once(wave, bureau):
    response = bureau.post(f"/desk/waves/{wave.pk}/prints/", {"paper": ["a4"]})
    job = PrintJob.objects.get()
    assert response["Location"] == f"/desk/waves/prints/{job.pk}/"
    whole = b"".join(bureau.get(f"/desk/waves/prints/{job.pk}/file/").streaming_content)
    assert len(whole) == job.size_bytes
    half = len(whole) // 2
    rest = bureau.get(f"/desk/waves/prints/{job.pk}/file/", headers={"Range": f"bytes={half}-"})
    assert rest.status_code == 206
    assert b"".join(rest.streaming_content) == whole[half:]
    job.refresh_from_db()
    assert job.downloads == 1


def test_reviewer_fetches_posters_and_no_codes(wave, bureau):
    reviewer = Client()
    reviewer.force_login(User.objects.create(username="reviewer", role="reviewer", county=wave.county))
    posters = county_job(wave)
    run_job(posters.pk)
    slips = county_job(wave, with_slips=True)
    run_job(slips.pk)
    assert reviewer.get(f"/desk/waves/prints/{posters.pk}/file/").status_code == 200
    refused = reviewer.get(f"/desk/waves/prints/{slips.pk}/file/")
    assert (refused.status_code, refused["Location"]) == (302, f"/desk/waves/prints/{slips.pk}/")
    assert bureau.get(f"/desk/waves/prints/{slips.pk}/file/").status_code == 200
