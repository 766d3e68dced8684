"""import_roster on the command line: the same import as the desk's, in a terminal's words."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from surveys.models import County, ResidentPopulation, RosterImport, School
from tests.surveys.roster_files import FIRST, HEADINGS, RESIDENTS, SCHOOLS, SECOND, csv_bytes, with_entry

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def run(tmp_path, capsys):
    """Runs the command on these rows; returns what it printed."""

    def run(*rows, options=("--county", "990002", "--name", "测试县"), encoding="gb18030"):
        file = tmp_path / "名册.csv"
        file.write_bytes(csv_bytes(list(rows), encoding=encoding))
        call_command("import_roster", str(file), *options)
        return capsys.readouterr().out

    return run


def test_a_new_county_is_made_with_its_schools(run):
    assert "名册.csv: added 3, changed 0, left alone 0" in run(HEADINGS, *SCHOOLS)
    county = County.objects.get()
    assert (county.code, county.name, county.is_demo) == ("990002", "测试县", False)
    assert county.schools.count() == 3


def test_a_repeat_leaves_everything_alone_and_needs_no_name(run):
    run(HEADINGS, *SCHOOLS)
    assert "added 0, changed 0, left alone 3" in run(HEADINGS, *SCHOOLS, options=("--county", "990002"))
    assert County.objects.count() == 1


def test_changes_are_shown_old_to_new(run):
    run(HEADINGS, *SCHOOLS)
    said = run(HEADINGS, with_entry(FIRST, "教师数", 41), SECOND)
    assert "2199000001 云川县第一小学\n  Teachers: 38 → 41" in said
    assert "not in the file: 2199000003 龙潭沟教学点" in said


def test_a_bad_entry_stops_the_import_and_makes_no_county(run, capsys):
    with pytest.raises(CommandError, match="Nothing was imported"):
        run(HEADINGS, FIRST, with_entry(SECOND, "城乡分类", "山区"))
    assert "  名册.csv E3 城乡分类: “山区” Allowed: 城区、镇区、乡村." in capsys.readouterr().out
    assert not County.objects.exists()


def test_good_rows_are_imported_if_accepted(run):
    rows = (HEADINGS, FIRST, with_entry(SECOND, "城乡分类", "山区"))
    said = run(*rows, options=("--county", "990002", "--name", "测试县", "--accept-good-rows"))
    assert "added 1, changed 0, left alone 0, not in the file 0, rows left out 1" in said
    assert School.objects.get().code == FIRST[0]


def test_residents_come_in_a_file_of_their_own(run, tmp_path):
    residents = tmp_path / "常住人口.csv"
    residents.write_bytes(csv_bytes(RESIDENTS))
    options = ("--county", "990002", "--name", "测试县", "--residents", str(residents))
    run(HEADINGS, *SCHOOLS, options=options)
    assert sum(ResidentPopulation.objects.values_list("people", flat=True)) == 290_000
    assert RosterImport.objects.count() == 2


def test_a_bad_residents_file_keeps_the_schools_out_too(run, tmp_path):
    residents = tmp_path / "常住人口.csv"
    residents.write_bytes(csv_bytes([*RESIDENTS, ["城区", 5, ""]]))
    with pytest.raises(CommandError):
        run(HEADINGS, *SCHOOLS, options=("--county", "1", "--name", "x", "--residents", str(residents)))
    assert not School.objects.exists()


def test_a_preview_changes_nothing(run):
    run(HEADINGS, *SCHOOLS, options=("--county", "990002", "--name", "测试县", "--preview"))
    assert not County.objects.exists()


def test_an_unknown_county_without_a_name_is_refused(run):
    with pytest.raises(CommandError, match="There is no county 990002; give --name to make it"):
        run(HEADINGS, *SCHOOLS, options=("--county", "990002"))


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path):
    file = tmp_path / "a.xlsx"
    file.write_bytes(b"PK broken")
    with pytest.raises(CommandError, match=r"a\.xlsx: The file is damaged"):
        call_command("import_roster", str(file), "--county", "1", "--name", "x")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_roster", str(tmp_path / "none.csv"), "--county", "1", "--name", "x")
