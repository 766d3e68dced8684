"""A small open wave for tests of storing and counting: two schools, parents only, a four-item form."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, date, datetime
from decimal import Decimal

from surveys import seals
from surveys.distribution.codes import new_collector_code
from surveys.intake import Submission
from surveys.models import (
    Collector,
    County,
    QuestionnaireVersion,
    School,
    Township,
    Wave,
    WaveAudience,
    WaveChain,
    WaveState,
)
from surveys.questionnaire import read_questionnaire

NOON = datetime(2026, 11, 21, 4, 7, 33, tzinfo=UTC)
ANSWERS = ("satisfied", "rather_satisfied", "dissatisfied", "dont_know")
GRADES = ("g1_3", "g4_6")

SMALL_FORM = """
key = "small"
languages = ["zh-hans"]
audiences = ["parent"]
title = { zh-hans = "小问卷" }

[scales.four]
satisfied = { zh-hans = "满意" }
rather_satisfied = { zh-hans = "比较满意" }
dissatisfied = { zh-hans = "不满意" }
dont_know = { zh-hans = "不了解" }

[items.grade_band]
type = "single_choice"
stratum = true
text = { zh-hans = "孩子的年级" }
[items.grade_band.options]
g1_3 = { zh-hans = "一至三年级" }
g4_6 = { zh-hans = "四至六年级" }

[items.teaching]
type = "scale"
scale = "four"
text = { zh-hans = "教学" }

[items.overall]
type = "scale"
scale = "four"
text = { zh-hans = "总体" }

[items.wishes]
type = "multiple_choice"
text = { zh-hans = "希望改进" }
[items.wishes.options]
meals = { zh-hans = "午餐" }
sports = { zh-hans = "体育" }

[items.comment]
type = "free_text"
text = { zh-hans = "意见" }

[derived.all_satisfied]
kind = "all_in"
items = ["teaching", "overall"]
codes = ["satisfied", "rather_satisfied"]
ignore = ["dont_know"]
text = { zh-hans = "每题均满意" }
"""


def small_wave(*, name: str = "小批次", schools: int = 2) -> Wave:
    """An open wave with one poster collector for parents at each of its schools."""
    county, _ = County.objects.get_or_create(code="530001", defaults={"name": "云川县"})
    township, _ = Township.objects.get_or_create(county=county, name="城关镇")
    digest = read_questionnaire(SMALL_FORM, name="small").digest
    version, _ = QuestionnaireVersion.objects.get_or_create(
        digest=digest, defaults={"key": "small", "number": 1, "source": SMALL_FORM, "frozen_at": NOON}
    )
    wave = Wave.objects.create(
        county=county, name=name, starts_on=date(2026, 11, 16), ends_on=date(2026, 11, 30),
        state=WaveState.OPEN, scoring_rule="satisfied-top2", design="all_schools",
    )  # fmt: skip
    WaveChain.objects.create(wave=wave, digest=seals.EMPTY_CHAIN)
    WaveAudience.objects.create(
        wave=wave, audience="parent", questionnaire_key="small", version=version, share=Decimal(1)
    )
    for number in range(1, schools + 1):
        school, _ = School.objects.get_or_create(
            county=county, code=f"S{number:02}",
            defaults={
                "township": township, "name": f"第{number}小学", "stage": "primary", "location": "town",
                "pupils_by_grade": {"1": 40, "4": 40}, "classes": 2, "teachers": 8,
            },
        )  # fmt: skip
        Collector.objects.create(
            wave=wave, audience="parent", school=school, location="town", code=new_collector_code()
        )
    return wave


def a_submission(
    collector: Collector, *, submission_id: bytes | None = None, slip: bytes | None = None,
    comment: str = "", received_at: datetime = NOON, **answers: str | list[str],
) -> Submission:  # fmt: skip
    """A parent's answers; without any, satisfied throughout."""
    given = answers or {"grade_band": "g1_3", "teaching": "satisfied", "overall": "satisfied"}
    table = collector.wave.audiences.get(audience="parent").version.table
    sheet = table.encode(given, audience="parent")
    return Submission(
        collector=collector, table=table,
        submission_id=submission_id or secrets.token_bytes(16), choices=sheet.choices,
        texts=json.dumps({"comment": comment}, ensure_ascii=False) if comment else "",
        stratum=sheet.stratum, language="zh-hans", received_at=received_at, slip=slip, seconds=73,
    )  # fmt: skip
