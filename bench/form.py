"""The submission every figure of the benchmark is about: 18 choices and 2 texts, answered at random."""

from __future__ import annotations

import random
from urllib.parse import quote_plus, urlencode

SCALE_CODES = ("satisfied", "rather_satisfied", "basically_satisfied", "dissatisfied", "dont_know")
SCALE_WEIGHTS = (55, 25, 10, 5, 5)
GRADE_CODES = ("g1_3", "g4_6", "g7_9")
SCALES = tuple(f"item_{number:02}" for number in range(1, 18))
TEXTS = ("praise", "wish")
COMMENTS = (
    "",
    "",
    "",
    "老师认真负责，希望多开展体育活动。",
    "作业有点多，孩子睡得晚。",
    "食堂还可以改进，谢谢学校。",
)


def questionnaire_source() -> str:
    """The questionnaire's file: one declared stratum, 17 scale items, 2 free texts, 2 derived items."""
    names = ", ".join(f'"{name}"' for name in ("grade_band", *SCALES, *TEXTS))
    parts = [
        'key = "society"\nlanguages = ["zh-hans"]\naudiences = ["parent"]',
        '[title]\nzh-hans = "测速问卷"',
        '[intro]\nzh-hans = "测速用。"',
        '[thanks]\nzh-hans = "谢谢。"',
        "[scales.satisfaction]\n" + _options(SCALE_CODES),
        f'[[sections]]\ntitle = {{ zh-hans = "全部题目" }}\nitems = [{names}]',
        '[items.grade_band]\ntype = "single_choice"\nstratum = true\nrequired = true\n'
        'text = { zh-hans = "孩子读几年级？" }\nlabel = { zh-hans = "年级" }',
        "[items.grade_band.options]\n" + _options(GRADE_CODES),
    ]
    for name in SCALES:
        parts.append(
            f'[items.{name}]\ntype = "scale"\nscale = "satisfaction"\nrequired = true\ntopic = "{name}"\n'
            f'text = {{ zh-hans = "您对{name}满意吗？" }}\nlabel = {{ zh-hans = "{name}" }}'
        )
    for name in TEXTS:
        parts.append(
            f'[items.{name}]\ntype = "free_text"\ntext = {{ zh-hans = "{name}？" }}\n'
            f'label = {{ zh-hans = "{name}" }}'
        )
    return "\n\n".join(parts) + "\n"


def _options(codes: tuple[str, ...]) -> str:
    return "\n".join(f'{code} = {{ zh-hans = "{code}" }}' for code in codes)


def random_bodies(number: int, *, seed: int) -> list[bytes]:
    """Posted forms, without the token that makes each its own; `token=` stands at the end."""
    chance = random.Random(seed)
    return [_body(chance) for _ in range(number)]


def _body(chance: random.Random) -> bytes:
    answers = {"grade_band": chance.choice(GRADE_CODES)}
    answers |= dict(zip(SCALES, chance.choices(SCALE_CODES, SCALE_WEIGHTS, k=len(SCALES)), strict=True))
    answers |= {name: chance.choice(COMMENTS) for name in TEXTS}
    return (urlencode(answers, quote_via=quote_plus) + "&token=").encode()
