"""The reference county closed and scored, once for a module of tests: loading its answers takes seconds.

A module asks for it by importing the fixture `county_a`; everything is rolled back after the module.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import transaction

from analysis.results import WaveResults, wave_results
from scoring.rules import ScoringRule, read_rule, shipped_rule
from scoring.runs import score_wave
from surveys.models import Wave
from tests.analysis.waves import close
from tests.surveys.county_a import NOW, add_county_a_controls, load_county_a


@pytest.fixture(scope="module")
def county_a(django_db_setup, django_db_blocker) -> Iterator[Wave]:
    with django_db_blocker.unblock(), transaction.atomic():
        wave = load_county_a()
        add_county_a_controls(wave)
        close(wave, now=NOW)
        score_wave(wave, by=None, now=NOW, rule=rule_for_a("satisfied-top2"))
        yield wave
        transaction.set_rollback(True)


def rule_for_a(key: str) -> ScoringRule:
    """A shipped rule in the reference questionnaire's words: q8 is its overall item, 5 and 4 are satisfied.

    Places count as the audience's own people there, as in the reference numbers of the scoring rules.
    """
    shipped = shipped_rule(key)
    codes = {"satisfied": "5", "rather_satisfied": "4", "basically_satisfied": "3", "dissatisfied": "2"}
    scores = {codes.get(code, code): points for code, points in shipped.scores.items()}
    if "2" in scores:
        scores["1"] = scores["2"]
    text = re.sub(r"(?m)^scores = .*$", f"scores = {_toml(scores)}", shipped.text)
    text = (
        text.replace('locations = "residents"', 'locations = "own"')
        .replace('["dont_know"]', '["9"]')
        .replace('"overall"', '"q8"')
    )
    if shipped.form == "item_mean":
        items = ", ".join(f'"q{number}"' for number in range(1, 9))
        text = re.sub(r"(?m)^items = .*$", f"items = [{items}]", text)
    return replace(read_rule(text, key=key), source="in the words of the reference questionnaire")


def results_of_a(wave: Wave) -> WaveResults:
    return wave_results(wave, now=NOW)


def _toml(scores: dict[str, float]) -> str:
    return "{ " + ", ".join(f"{code} = {points:g}" for code, points in scores.items()) + " }"
