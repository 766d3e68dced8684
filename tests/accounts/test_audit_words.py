"""The audit log names objects in words, and a download in pieces leaves one row."""

from __future__ import annotations

from io import BytesIO

import openpyxl
import pytest
from django.utils import timezone

from survey_site.accounts.audit_words import words_of
from survey_site.accounts.models import AuditEntry
from surveys.models import PrintJob, SlipBatch
from surveys.print_jobs import new_token
from tests.accounts.cast import make_cast, signed_in
from tests.analysis.evaluated_counties import evaluation_of
from tests.surveys.builders import make_wave, open_wave_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return make_cast()


def test_entry_point_is_named_by_place_audience_and_channel_not_by_its_code(cast):
    wave = open_wave_for(cast.county)
    collector = wave.collectors.get()
    assert words_of(collector) == "云川甲小学 · 家长 · 公开海报"
    signed_in(cast.alice).get(f"/desk/waves/collectors/{collector.pk}/qr.png?download")
    entry = AuditEntry.objects.get(action="collector_qr")
    assert entry.about == "云川甲小学 · 家长 · 公开海报"


def test_batch_and_printed_file_are_named_in_words(cast):
    wave = open_wave_for(cast.county)
    collector = wave.collectors.get()
    batch = SlipBatch.objects.create(
        wave=wave, collector=collector, number=3, label="三年级2班", count=40, made_at=timezone.now()
    )
    assert words_of(batch) == "云川甲小学 · 家长 · 公开海报 · 批次3 · 三年级2班"
    job = PrintJob(county=cast.county, wave=wave, kind=PrintJob.Kind.POSTERS, token=new_token())
    assert "posters" not in words_of(job)
    assert words_of(job).startswith(wave.name)


def test_evaluation_is_named_by_its_standard_s_title():
    evaluation = evaluation_of()
    said = words_of(evaluation)
    assert evaluation.standard_key not in said
    assert evaluation.result["standard"]["name"]["zh-hans"] in said


def test_other_objects_say_their_own_name(cast):
    assert words_of(make_wave(cast.county, name="秋季自测")) == "秋季自测"


@pytest.fixture
def file(cast, settings, tmp_path):
    """The address of a finished file."""
    settings.DATA_DIR = tmp_path
    wave = open_wave_for(cast.county)
    desk = signed_in(cast.alice)
    desk.post(f"/desk/waves/{wave.pk}/prints/", {"paper": ["a4"]})
    return f"/desk/waves/prints/{PrintJob.objects.get().pk}/file/"


def rows() -> int:
    return AuditEntry.objects.filter(action="print_file").count()


def test_first_piece_leaves_the_row_and_the_rest_none(cast, file):
    desk = signed_in(cast.alice)
    for wanted in ("bytes=0-99", "bytes=100-199", "bytes=200-"):
        assert desk.get(file, headers={"Range": wanted}).status_code == 206
    assert rows() == 1


def test_piece_without_a_beginning_leaves_a_row_of_its_own(cast, file):
    desk = signed_in(cast.alice)
    desk.get(file, headers={"Range": "bytes=1-"})
    desk.get(file, headers={"Range": "bytes=50-"})
    assert rows() == 1
    signed_in(cast.bob).get(file, headers={"Range": "bytes=1-"})
    assert rows() == 2


def test_suffix_that_is_the_whole_file_counts_as_fetched(cast, file):
    signed_in(cast.alice).get(file, headers={"Range": "bytes=-99999999"})
    assert rows() == 1
    assert PrintJob.objects.get().downloads == 1


def test_piece_past_the_end_leaves_none(cast, file):
    assert signed_in(cast.alice).get(file, headers={"Range": "bytes=99999999-"}).status_code == 416
    assert rows() == 0


def test_saved_log_says_roles_in_words(cast):
    desk = signed_in(cast.alice)
    desk.get("/desk/roster/form.xlsx")
    sheet = openpyxl.load_workbook(BytesIO(desk.get("/desk/audit.xlsx").content)).active
    assert [row[3] for row in sheet.iter_rows(values_only=True)] == ["角色", "教育局"]
