"""Evidence files: what is taken, where it lies, who gets it and how, and taking one back."""

import hashlib
import io
import stat
import zipfile

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from analysis.evidence import (
    LARGEST_BYTES,
    EvidenceRefused,
    checked_kind,
    keep_evidence,
    place_of,
    safe_name,
)
from analysis.indicators import store_table
from analysis.models import EvidenceFile
from analysis.school_table import Record
from surveys.models import County, School, Township

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPG = b"\xff\xd8\xff\xe0" + b"\x00" * 20


def package(*parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for part in parts:
            archive.writestr(part, "<a/>")
    return stream.getvalue()


XLSX, DOCX, OFD = package("xl/workbook.xml"), package("word/document.xml"), package("OFD.xml")


@pytest.fixture(autouse=True)
def own_folder(tmp_path, settings):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def county():
    return County.objects.create(code="990002", name="云川县")


@pytest.fixture
def desk(county, client):
    return signed_in(client, county, "bureau")


def signed_in(client, county, role, **options):
    user = get_user_model().objects.create(
        username=f"{role}-{county.code}", role=role, county=county, **options
    )
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def kept(county, content=PDF, *, name="教师名册.pdf", **options):
    return keep_evidence(content, county=county, file_name=name, by=None, now=timezone.now(), **options)


def hand_in(desk, *files, **more):
    sent = [SimpleUploadedFile(name, content) for name, content in files]
    return desk.post(reverse("evidence"), {"files": sent, "note": "2026年教师名册"} | more)


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", PDF, "PDF"), ("a.PNG", PNG, "PNG"), ("a.jpeg", JPG, "JPG"), ("a.xlsx", XLSX, "XLSX"),
        ("a.docx", DOCX, "DOCX"), ("红头文件.ofd", OFD, "OFD"),
    ],
)  # fmt: skip
def test_a_paper_is_known_by_its_content(name, content, kind):
    assert checked_kind(content, name) == kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("a.html", b"<html>"),
        ("a.svg", b"<svg>"),
        ("a.zip", XLSX),
        ("a", PDF),
        ("a.pdf", b""),
        ("a.pdf", b"<script>alert(1)</script>"),
        ("a.pdf", PNG),
        ("a.png", b"<svg onload=alert(1)>"),
        ("a.docx", XLSX),
        ("a.xlsx", package("xl/workbook.xml", "xl/vbaProject.bin")),
        ("a.xlsx", b"PK\x03\x04broken"),
        ("a.pdf", PDF + b"x" * LARGEST_BYTES),
    ],
)
def test_what_is_not_taken_is_refused_in_a_sentence(name, content):
    with pytest.raises(EvidenceRefused):
        checked_kind(content, name)


def test_a_name_keeps_nothing_a_file_system_or_header_stumbles_over():
    assert safe_name("../../etc/passwd\r\nX: y.pdf") == "passwdX_ y.pdf"
    assert safe_name("C:\\材料\\教师<1>.pdf") == "教师_1_.pdf"
    assert safe_name("\u202efdp.exe") == "fdp.exe"
    assert safe_name("..") == "file"


def test_a_paper_lies_outside_the_web_root_under_a_random_name_for_nobody_else(county):
    paper = kept(county)
    place = place_of(paper.stored_as)
    assert place.read_bytes() == PDF
    assert place.is_relative_to(settings.DATA_DIR / "evidence")
    assert not place.is_relative_to(settings.STATIC_ROOT)
    assert "教师" not in str(place)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert paper.sha256 == hashlib.sha256(PDF).hexdigest()


def test_the_same_paper_twice_is_kept_once(county):
    assert kept(county) == kept(county)
    assert kept(county, name="别名.pdf") != kept(county)
    assert len(list((settings.DATA_DIR / "evidence").rglob("*"))) <= 4


def test_a_download_is_an_attachment_and_nothing_a_browser_would_run(desk, county):
    paper = kept(county, name="教师名册（盖章）.pdf")
    answer = desk.get(reverse("evidence_file", args=[paper.pk]))
    assert answer.content == PDF
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/pdf"
    assert "sandbox" in answer["Content-Security-Policy"]


def test_a_file_changed_on_the_disk_is_not_given_out(desk, county):
    paper = kept(county)
    place_of(paper.stored_as).write_bytes(PDF + b"changed")
    answer = desk.get(reverse("evidence_file", args=[paper.pk]), follow=True)
    assert "SHA-256 differs" in answer.content.decode()
    place_of(paper.stored_as).unlink()
    assert "missing" in desk.get(reverse("evidence_file", args=[paper.pk]), follow=True).content.decode()


def test_several_papers_come_in_together_or_not_at_all(desk, county):
    refused = hand_in(desk, ("a.pdf", PDF), ("b.pdf", PNG))
    assert refused.status_code == 422
    assert "b.pdf" in refused.content.decode()
    assert not EvidenceFile.objects.exists()
    assert hand_in(desk, ("a.pdf", PDF), ("b.png", PNG)).url == reverse("evidence")
    assert list(EvidenceFile.objects.order_by("name").values_list("name", "note", "by__username")) == [
        ("a.pdf", "2026年教师名册", "bureau-990002"), ("b.png", "2026年教师名册", "bureau-990002"),
    ]  # fmt: skip
    assert hand_in(desk).status_code == 422


def test_papers_are_attached_to_a_table_of_the_own_county_only(desk, county):
    record = Record(2, {"school": "一小"})
    options = {
        "year": 2026,
        "level": "schools",
        "standard": "quality-balance-2017",
        "file_name": "a",
        "by": None,
    }
    mine = store_table(county=county, records=[record], **options)
    other = store_table(county=County.objects.create(code="9", name="邻县"), records=[record], **options)
    assert hand_in(desk, ("a.pdf", PDF), table=mine.pk).url == reverse("indicator_table", args=[mine.pk])
    assert mine.evidence.get().name == "a.pdf"
    assert hand_in(desk, ("c.pdf", PDF), table=other.pk).status_code == 404
    assert hand_in(desk, ("c.pdf", PDF), table="x").status_code == 404
    assert not other.evidence.exists()


def test_who_sees_which_paper(desk, county, client):
    township = Township.objects.create(county=county, name="城关镇")
    one, two = (
        School.objects.create(
            county=county, township=township, code=code, name=code, stage="primary", location="town"
        )
        for code in ("S1", "S2")
    )
    counties, first, second = kept(county), kept(county, school=one), kept(county, school=two)
    school = signed_in(client.__class__(), county, "school", school=one)
    inspector = signed_in(client.__class__(), county, "inspector")
    stranger = signed_in(client.__class__(), County.objects.create(code="9", name="邻县"), "inspector")
    for paper, seen_by_school in ((counties, 404), (first, 200), (second, 404)):
        address = reverse("evidence_file", args=[paper.pk])
        assert [who.get(address).status_code for who in (desk, inspector, school, stranger)] == [
            200, 200, seen_by_school, 404,
        ]  # fmt: skip
    assert inspector.post(reverse("evidence")).status_code == 403
    assert school.get(reverse("evidence")).status_code == 403
    assert "教师名册.pdf" not in stranger.get(reverse("evidence")).content.decode()


def test_a_paper_taken_back_stays_on_record_and_inspectors_no_longer_see_it(desk, county, client):
    paper = kept(county)
    inspector = signed_in(client.__class__(), county, "inspector")
    address = reverse("evidence_withdraw", args=[paper.pk])
    assert "教师名册.pdf" in inspector.get(reverse("evidence")).content.decode()
    assert desk.post(address, {"reason": ""}).status_code == 422
    desk.post(address, {"reason": "传错了"})
    page = desk.get(reverse("evidence")).content.decode()
    assert "传错了" in page
    assert "bureau-990002" in page
    assert inspector.get(reverse("evidence_file", args=[paper.pk])).status_code == 404
    assert "教师名册.pdf" not in inspector.get(reverse("evidence")).content.decode()
    assert place_of(paper.stored_as).exists()


def test_the_list_can_be_searched_and_comes_in_pages(desk, county):
    for number in range(30):
        kept(
            county, PDF + str(number).encode(), name=f"材料{number}.pdf", note="产权证" if number == 7 else ""
        )
    assert "Page 1 of 2" in desk.get(reverse("evidence")).content.decode()
    page = desk.get(reverse("evidence") + "?q=产权").content.decode()
    assert "材料7.pdf" in page
    assert "材料8.pdf" not in page
