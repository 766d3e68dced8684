"""Every finding has its sentence, in English and in Chinese."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils.translation import override

from analysis.code_sentences import (
    MERGES,
    REASONS,
    WARNINGS,
    merge_sentence,
    reason_sentences,
    warning_sentence,
)
from analysis.wording import hidden_sentence, rule_sentences, verdict_word
from scoring.models import Verdict
from scoring.rules import shipped_rules

SCORING = Path(__file__).resolve().parent.parent.parent / "scoring"
# Whatever these raise or report can end up in a wave's result.
BENEATH_A_RESULT = [
    SCORING / "estimates.py",
    SCORING / "breakdowns.py",
    SCORING / "runs.py",
    SCORING / "weighing.py",
    *(
        SCORING / "numeric" / f"{name}.py"
        for name in ("blocks", "cells", "composite", "domains", "intervals", "recode", "variance", "verdict")
    ),
]
SCHOOLS = {"S01": "一小", "S02": "二小"}
EXAMPLES = {
    "audience_without_answers": {"audience": "principal"},
    "few_answers": {"audience": "deputy", "valid": 3, "needed": 5},
    "item_not_asked": {"item": "overall"},
    "no_location": {"replies": 7},
    "no_control": {"audiences": ["deputy", "cppcc"]},
    "not_yet_included": {"audiences": ["principal"]},
    "more_replies_than_people": {"cells": [["parent", "rural", "S01"], ["deputy", "town", "*"]]},
    "much_unknown": {"audience": "resident", "part": 0.21},
    "small_cells": {"audience": "parent", "location": "rural", "cells": ["rural:S01", "rural:S02"]},
    "small_class": {"audience": "deputy", "location": "all", "cells": ["rural:*", "town:*"]},
    "small_audience": {"audience": "cppcc", "location": "all", "cells": ["rural:*"]},
}


def codes_in(path: Path) -> set[str]:
    """Words given as code="…" in a call or as "code": "…" in a dict."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            found |= {
                one.value.value
                for one in node.keywords
                if one.arg == "code" and isinstance(one.value, ast.Constant)
            }
        if isinstance(node, ast.Dict):
            found |= {
                value.value
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and key.value == "code" and isinstance(value, ast.Constant)
            }
    return found


def test_every_code_that_scoring_can_report_has_a_sentence():
    codes = set().union(*(codes_in(path) for path in BENEATH_A_RESULT))
    assert {"few_answers", "much_unknown", "no_df"} <= codes
    assert codes - REASONS.keys() - WARNINGS.keys() == set()


def test_every_reason_for_merging_has_a_sentence():
    text = (SCORING / "numeric" / "weighting.py").read_text(encoding="utf-8")
    assert all(f'"{code}"' in text for code in MERGES)
    assert set(MERGES) == {"small_cells", "small_class", "small_audience"}


def sentences(language: str) -> dict[str, str]:
    with override(language):
        said = {code: reason_sentences([{"code": code, **EXAMPLES.get(code, {})}])[0] for code in REASONS}
        said |= {code: warning_sentence({"code": code, **EXAMPLES.get(code, {})}) for code in WARNINGS}
        said |= {
            code: merge_sentence(
                {"reason": code, "people": 120.0, "responses": 9, **EXAMPLES[code]}, SCHOOLS
            )
            for code in MERGES
        }  # fmt: skip
    return said


def test_sentences_are_filled_in():
    english = sentences("en")
    assert english["few_answers"].startswith("People's congress deputies: fewer than 5 valid answers.")
    assert english["much_unknown"].startswith("Other residents: 21.0% answered")
    assert "一小, 二小" in english["small_cells"]
    assert "Parents S01; People's congress deputies Town" in english["more_replies_than_people"]
    assert [code for code, text in english.items() if "%(" in text or not text.strip()] == []


def test_every_sentence_is_there_in_chinese():
    chinese = sentences("zh-hans")
    in_english = re.compile("[a-z]{4}")
    assert {
        code: text for code, text in chinese.items() if in_english.search(text.replace("overall", ""))
    } == {}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_silent_audiences_are_named_in_one_sentence(language):
    with override(language):
        said = reason_sentences(
            [
                {"code": "audience_without_answers", "audience": "principal"},
                {"code": "no_resident_population"},
                {"code": "audience_without_answers", "audience": "deputy"},
            ]
        )
    assert len(said) == 2
    both = {"en": ("Principals", "deputies"), "zh-hans": ("校长", "人大代表")}[language]
    assert all(name in said[0] for name in both)


def test_much_unknown_of_a_hidden_audience_names_no_part():
    with override("en"):
        assert "%" not in warning_sentence({"code": "much_unknown", "audience": "principal"})


def test_unknown_code_is_said_and_not_swallowed():
    with override("en"):
        assert reason_sentences([{"code": "brand_new"}]) == ["It could not be computed (brand_new)."]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_verdict_and_every_rule_has_words(language):
    with override(language):
        assert len({verdict_word(verdict) for verdict in Verdict.values}) == 4
        assert all(len(rule_sentences(rule)) >= 2 for rule in shipped_rules().values())


def test_why_a_figure_is_hidden():
    with override("en"):
        assert hidden_sentence("few", 10) == "fewer than 10 answers"
        assert hidden_sentence("together", 10) == "hidden with a small group"
        assert hidden_sentence("", 10) == ""
