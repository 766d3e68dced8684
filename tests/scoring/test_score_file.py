"""The command scores a table without the database and prints JSON or lines to read."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def scored(*args) -> str:
    out = StringIO()
    call_command("score_file", *args, stdout=out)
    return out.getvalue()


def test_json_is_printed_in_the_order_of_the_cases():
    text = scored(EXAMPLES / "answers.csv", "--plan", EXAMPLES / "several.json", "--json")
    assert [result["id"] for result in json.loads(text)] == [
        "parents",
        "by audience",
        "audience and class",
        "counts by hand",
    ]


def test_lines_name_figure_interval_and_verdict():
    text = scored("--plan", EXAMPLES / "wave.json")
    assert text.startswith("wave: estimate 0.897")
    assert text.rstrip().endswith("met")


def test_a_missing_table_stops_the_command():
    with pytest.raises(CommandError, match="absent.csv"):
        scored(EXAMPLES / "absent.csv", "--plan", EXAMPLES / "wave.json")


def test_a_missing_plan_stops_the_command():
    with pytest.raises(CommandError, match="cannot be read"):
        scored(EXAMPLES / "answers.csv", "--plan", EXAMPLES / "absent.json")
