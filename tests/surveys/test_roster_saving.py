"""Importing a roster: all or nothing, never double, with a trace, and just as the preview promised."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.utils import translation

from surveys.models import County, ResidentPopulation, RosterImport, RosterUpload, School, Township
from surveys.roster.changes import roster_changes
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.roster.saving import (
    RosterFile,
    RosterMoved,
    RosterRefused,
    import_roster,
    keep_upload,
    waiting_upload,
)
from tests.surveys.roster_files import (
    FIRST,
    HEADINGS,
    POINT,
    RESIDENTS,
    SCHOOLS,
    SECOND,
    csv_bytes,
    with_entry,
)

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def county():
    return County.objects.create(code="990002", name="测试县")


def checked(*rows):
    return check_roster(read_sheets(csv_bytes([HEADINGS, *rows]), file_name="名册.csv"))


def import_rows(county, *rows, **options) -> RosterImport:
    file = RosterFile("名册.csv", "0" * 64, 1)
    return import_roster(county, checked(*rows), file=file, by=None, now=NOW, **options)


def stored(county) -> dict[str, tuple]:
    return {
        school.code: (
            school.name, school.township.name, school.stage, school.location, school.is_public,
            school.pupils_by_grade, school.classes, school.teachers, school.is_active,
        )
        for school in School.objects.filter(county=county).select_related("township")
    }  # fmt: skip


def test_a_roster_comes_in_with_townships_and_residents(county):
    content = csv_bytes([HEADINGS, *SCHOOLS, [], *RESIDENTS])
    trace = import_roster(
        county, check_roster(read_sheets(content, file_name="a.csv")),
        file=RosterFile.of(content, name="C:\\名册\\a.csv"), by=None, now=NOW,
    )  # fmt: skip
    assert stored(county)["2199000003"] == (
        "龙潭沟教学点", "石门乡", "teaching_point", "rural", True, {"1": 5, "2": 4, "3": 3}, 3, 2, True,
    )  # fmt: skip
    assert sorted(Township.objects.values_list("name", flat=True)) == ["城关镇", "石门乡"]
    assert sorted(ResidentPopulation.objects.values_list("location", "people", "source")) == [
        ("rural", 145000, ""), ("town", 82000, ""), ("urban", 63000, "2025年统计公报")
    ]  # fmt: skip
    assert (trace.file_name, trace.sha256, trace.size_bytes) == (
        "a.csv", hashlib.sha256(content).hexdigest(), len(content)
    )  # fmt: skip
    assert (trace.added, trace.changed, trace.unchanged, trace.missing, trace.residents_changed) == (
        3,
        0,
        0,
        0,
        3,
    )


def test_importing_the_same_file_again_changes_nothing(county):
    content = csv_bytes([HEADINGS, *SCHOOLS, [], *RESIDENTS])
    roster = check_roster(read_sheets(content, file_name="a.csv"))
    file = RosterFile.of(content, name="a.csv")
    import_roster(county, roster, file=file, by=None, now=NOW)
    before = sorted(School.objects.values_list()), sorted(ResidentPopulation.objects.values_list())
    trace = import_roster(county, roster, file=file, by=None, now=NOW)
    assert (sorted(School.objects.values_list()), sorted(ResidentPopulation.objects.values_list())) == before
    assert (trace.added, trace.changed, trace.unchanged, trace.residents_changed) == (0, 0, 3, 0)
    assert trace.changes == {"schools": [], "residents": [], "townships": []}
    assert Township.objects.count() == 2


def test_changes_are_told_old_to_new_and_then_made(county):
    import_rows(county, *SCHOOLS)
    row = with_entry(
        with_entry(with_entry(FIRST, "学校名称", "云川县实验小学"), "二年级", 90), "乡镇", "高新区"
    )
    changes = roster_changes(county, checked(row, SECOND))
    (changed,) = changes.changed
    assert [(one.field, one.old, one.new) for one in changed.changes][:2] == [
        ("name", "云川县第一小学", "云川县实验小学"), ("township", "城关镇", "高新区")
    ]  # fmt: skip
    assert changes.new_townships == ("高新区",)
    assert changes.missing == (("2199000003", "龙潭沟教学点"),)
    trace = import_rows(county, row, SECOND)
    assert stored(county)["2199000001"][:2] == ("云川县实验小学", "高新区")
    assert stored(county)["2199000001"][5]["2"] == 90
    assert trace.changes["schools"][0]["changes"][0] == ["name", "云川县第一小学", "云川县实验小学"]
    assert (trace.changed, trace.unchanged, trace.missing) == (1, 1, 1)


def test_a_school_that_is_not_in_the_file_stays(county):
    import_rows(county, *SCHOOLS)
    import_rows(county, FIRST)
    assert set(stored(county)) == {"2199000001", "2199000002", "2199000003"}
    assert School.objects.filter(is_active=True).count() == 3


def test_a_school_that_had_left_the_roster_comes_back(county):
    import_rows(county, FIRST)
    School.objects.update(is_active=False)
    assert [one.field for one in roster_changes(county, checked(FIRST)).changed[0].changes] == ["is_active"]
    import_rows(county, FIRST)
    assert School.objects.get().is_active


def test_one_bad_entry_and_nothing_is_imported(county):
    with pytest.raises(RosterRefused, match="Nothing was imported: 1 entries must be mended first"):
        import_rows(county, FIRST, with_entry(SECOND, "教师数", "三十"))
    assert not School.objects.exists()
    assert not Township.objects.exists()
    assert not RosterImport.objects.exists()


def test_good_rows_are_imported_if_they_are_accepted(county):
    trace = import_rows(county, FIRST, with_entry(SECOND, "教师数", "三十"), POINT, accept_good_rows=True)
    assert set(stored(county)) == {"2199000001", "2199000003"}
    assert (trace.added, trace.rows_left_out) == (2, 1)


def test_a_bad_row_of_a_known_school_is_not_called_missing(county):
    import_rows(county, *SCHOOLS)
    changes = roster_changes(county, checked(FIRST, with_entry(SECOND, "教师数", "三十"), POINT))
    assert changes.missing == ()


def test_a_file_without_a_good_row_is_refused(county):
    with pytest.raises(RosterRefused, match="no row that could be imported"):
        import_rows(county, with_entry(FIRST, "教师数", "x"), accept_good_rows=True)


def test_an_error_half_way_leaves_nothing_behind(county):
    file = RosterFile("名册.csv", "0" * 64, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        import_roster(county, checked(*SCHOOLS), file=file, by=None, now=None)  # the trace must have a time
    assert not School.objects.exists()
    assert not Township.objects.exists()


def test_a_preview_that_no_longer_fits_is_not_carried_out(county):
    import_rows(county, *SCHOOLS)
    row = with_entry(FIRST, "教师数", 40)
    seen = roster_changes(county, checked(row)).digest
    School.objects.filter(code="2199000001").update(teachers=39)
    with pytest.raises(RosterMoved):
        import_rows(county, row, seen_digest=seen)
    assert School.objects.get(code="2199000001").teachers == 39
    import_rows(county, row, seen_digest=roster_changes(county, checked(row)).digest)
    assert School.objects.get(code="2199000001").teachers == 40


def test_a_known_name_under_a_new_code_is_remarked_on(county):
    import_rows(county, *SCHOOLS)
    changes = roster_changes(county, checked(with_entry(FIRST, "学校代码", "2199000011"), SECOND, POINT))
    assert [one.row for one in changes.remarks] == [2]
    assert changes.remarks[0].sentence == (
        "The county has a school of this name under the code 2199000001. If the code is a slip, "
        "mend it in the file; otherwise there will be two schools."
    )


def test_counties_do_not_mix(county):
    other = County.objects.create(code="990003", name="邻县")
    import_rows(county, *SCHOOLS)
    assert len(roster_changes(other, checked(*SCHOOLS)).added) == 3
    import_rows(other, FIRST)
    assert len(stored(county)) == 3
    assert len(stored(other)) == 1


def test_an_upload_waits_for_its_own_user_in_its_own_county_and_not_for_ever(county):
    users = [get_user_model().objects.create(username=name) for name in ("alice", "bob")]
    other = County.objects.create(code="990003", name="邻县")
    upload = keep_upload(b"x", county=county, by=users[0], file_name="../../etc/名册.csv", now=NOW)
    assert upload.file_name == "名册.csv"

    def waiting(**options):
        return waiting_upload(upload.token, **({"county": county, "by": users[0], "now": NOW} | options))

    assert waiting() == upload
    assert waiting(by=users[1]) is None
    assert waiting(county=other) is None
    late = NOW + timedelta(hours=2, seconds=1)
    assert waiting(now=late) is None
    keep_upload(b"y", county=county, by=users[1], file_name="b.csv", now=late)
    assert list(RosterUpload.objects.values_list("file_name", flat=True)) == ["b.csv"]
