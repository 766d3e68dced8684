"""A province's own standard: one file, checked, applied, withdrawn with a trace; no Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from analysis.indicators import standards_of
from analysis.models import Evaluation, ProvinceStandard
from analysis.standard import shipped_standard
from surveys.models import County
from tests.analysis.cases import STANDARD_CASES
from tests.analysis.evaluated_counties import schools_table
from tests.analysis.test_evaluation_pages import client_of, page
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db

YUNXI = STANDARD_CASES / "yunxi-2023.toml"
ADDRESS = "/desk/evaluation/standards/"
TYPED = {"recognition": "typed", "typed_rate": "91%", "typed_source": "通报"}


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def desk(county: County) -> Client:
    return client_of(county, "bureau")


def upload(desk: Client, content: str | bytes, name: str = "yunxi-2023.toml"):
    content = content.encode() if isinstance(content, str) else content
    return desk.post(ADDRESS, {"file": SimpleUploadedFile(name, content)})


def refusal(desk: Client, content: str | bytes, name: str = "yunxi-2023.toml") -> str:
    answer = upload(desk, content, name)
    assert answer.status_code == 422
    assert not ProvinceStandard.objects.exists()
    return str(answer.context["refused"])


def test_made_up_province_is_one_file_from_upload_to_verdict(county: County, desk: Client) -> None:
    assert upload(desk, YUNXI.read_bytes()).status_code == 302
    school = {"school": "甲", "stage": "小学", "pupils": 100, "books": 2500, "teachers": 6, "nurses": 1,
              "computers": 12, "classes": 3, "clinic": "有", "location": "镇区"}  # fmt: skip
    table = schools_table(county, [school])
    address = "/desk/evaluation/new/?standard=yunxi-2023&year=2026"
    assert "云溪省义务教育办学标准（虚构）" in page(desk, address)
    asked = {"stage": "province", "school_table": table.pk, "setting-village_books": "12", **TYPED}
    answer = desk.post(address, asked)
    evaluation = Evaluation.objects.get()
    assert answer["Location"] == f"/desk/evaluation/{evaluation.pk}/"
    found = {one["key"]: one["verdict"] for one in evaluation.result["criteria"]}
    assert (found["five_indicators"], found["recognition"]) == ("met", "met")
    assert evaluation.result["settings"] == {"village_books": 12}
    assert "云溪省" in page(desk, answer["Location"])


def test_file_that_cannot_be_used_is_refused_with_file_place_and_what_is_allowed(desk: Client) -> None:
    text = YUNXI.read_text(encoding="utf-8")
    without_source = text.replace('source = "Made up, article 6"\n', "")
    assert "yunxi-2023.toml，criteria.recognition：没有写出处" in refusal(desk, without_source)
    wrong_kind = refusal(desk, text.replace('kind = "k_of_n"', 'kind = "k_of_m"'))
    assert "“k_of_m”不是规则种类，可用：threshold、k_of_n" in wrong_kind
    unused = refusal(desk, text + '\n[items.extra]\nname = { zh-hans = "多", en = "x" }\n')
    assert unused == "yunxi-2023.toml，items.extra：写了却没有用到：请在指标项中使用，或者删去。"
    assert "yunxi-2023.toml" in refusal(desk, text + "\n[[[")
    assert "UTF-8" in refusal(desk, "标准".encode("gbk"))
    assert "TOML" in refusal(desk, b"a\x00b")
    assert "1000" in refusal(desk, b"#" * 1_000_001)
    supplied = shipped_standard("quality-balance-2017").text
    assert "quality-balance-2017-own" in refusal(desk, supplied, "quality-balance-2017.toml")
    assert desk.post(ADDRESS, {}).status_code == 422


def test_same_file_is_taken_once_and_again_after_it_was_withdrawn(county: County, desk: Client) -> None:
    upload(desk, YUNXI.read_bytes())
    assert upload(desk, YUNXI.read_bytes()).status_code == 422
    standard = ProvinceStandard.objects.get()
    withdraw = f"{ADDRESS}{standard.pk}/withdraw/"
    assert desk.post(withdraw, {"reason": "  "}).status_code == 422
    assert desk.post(withdraw, {"reason": "x" * 301}).status_code == 422
    assert "yunxi-2023" in standards_of(county)
    assert desk.post(withdraw, {"reason": "新文件即将印发"}).status_code == 302
    standard.refresh_from_db()
    assert (standard.withdrawn_reason, standard.withdrawn_by.username) == (
        "新文件即将印发",
        f"bureau-{county.pk}",
    )
    assert standard.withdrawn_at is not None and "yunxi-2023" not in standards_of(county)
    assert "新文件即将印发" in page(desk, ADDRESS)
    assert desk.post(withdraw, {"reason": "again"}).status_code == 422
    assert upload(desk, YUNXI.read_bytes()).status_code == 302


def test_standard_is_the_countys_own_and_downloads_as_it_was_sent(county: County, desk: Client) -> None:
    upload(desk, YUNXI.read_bytes())
    standard = ProvinceStandard.objects.get()
    answer = desk.get(f"{ADDRESS}{standard.pk}/")
    assert answer.content == YUNXI.read_bytes()
    assert answer["Content-Disposition"].startswith("attachment")
    elsewhere = client_of(make_county(), "bureau")
    assert elsewhere.get(f"{ADDRESS}{standard.pk}/").status_code == 404
    assert "yunxi-2023" not in standards_of(make_county())
    supplied = desk.get(f"{ADDRESS}supplied/district-targets/")
    assert supplied.content.decode() == shipped_standard("district-targets").text
    assert desk.get(f"{ADDRESS}supplied/no-such/").status_code == 404


def test_newer_file_of_the_same_key_is_applied_and_the_older_evaluation_keeps_its_text(
    county: County, desk: Client
) -> None:
    upload(desk, YUNXI.read_bytes())
    table = schools_table(county, [{"school": "甲", "stage": "小学", "pupils": 100}])
    address = "/desk/evaluation/new/?standard=yunxi-2023&year=2026"
    asked = {"stage": "county", "school_table": table.pk, **TYPED, "typed_rate": "86%"}
    desk.post(address, asked)
    newer = YUNXI.read_text(encoding="utf-8").replace("at_least = 0.90", "at_least = 0.80")
    upload(desk, newer)
    desk.post(address, asked)
    later, first = Evaluation.objects.order_by("-pk")
    found = [
        next(one["verdict"] for one in each.result["criteria"] if one["key"] == "recognition")
        for each in (first, later)
    ]
    assert found == ["not_met", "met"]
    assert first.standard_text != later.standard_text


def test_reviewer_may_look_and_download_but_not_add(county: County) -> None:
    reviewer = client_of(county, "reviewer")
    assert 'type="file"' not in page(reviewer, ADDRESS)
    assert upload(reviewer, Path(YUNXI).read_bytes()).status_code == 403
