"""How numbers are printed: rounded, in both languages, and never across the limit."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from analysis.results import Figure
from analysis.templatetags.figures import interval, interval_text, limit_text, part_text, rate, rate_text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.8688532963, "86.9%"), (1.0, "100.0%"), (0.0, "0.0%"), (0.85, "85.0%"), (None, "—")],
)
def test_rate_is_printed_with_one_decimal(value, text):
    assert rate_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.84996, "84.996%"),
        (0.8499, "84.99%"),
        (0.8494, "84.9%"),
        (0.85, "85.0%"),
        (0.850001, "85.0%"),
        (0.8499999999999, "84.99999999999%"),
    ],
)
def test_rate_below_the_limit_is_never_printed_as_reaching_it(value, text):
    assert rate_text(value, limit=0.85) == text


def test_points_keep_their_side_as_well():
    assert rate_text(84.96, unit="points", limit=85) == "84.96"
    assert rate_text(88.04, unit="points", limit=85) == "88.0"


@given(st.floats(0, 1), st.sampled_from([0.5, 0.6, 0.8, 0.85, 0.9, 0.95]))
def test_printed_rate_is_on_the_same_side_of_the_limit_as_the_rate(value, limit):
    printed = float(rate_text(value, limit=limit).rstrip("%")) / 100
    assert (printed < limit - 1e-15) == (value < limit) or abs(value - limit) < 1e-14


@given(st.floats(0, 1))
def test_printed_rate_is_within_half_a_digit(value):
    assert float(rate_text(value).rstrip("%")) == pytest.approx(value * 100, abs=0.0501)


def test_interval_uses_the_readers_range_sign():
    with override("zh-hans"):
        assert interval_text(0.858, 0.879) == "85.8%～87.9%"
    with override("en"):
        assert interval_text(0.858, 0.879) == "85.8%–87.9%"
        assert interval_text(None, 0.879) == "—"


def test_interval_ends_keep_their_side_of_the_limit():
    with override("en"):
        assert interval_text(0.84998, 0.879, limit=0.85) == "84.998%–87.9%"


def test_limit_is_printed_as_people_say_it():
    with override("en"):
        assert (limit_text(0.85), limit_text(0.855), limit_text(0.9)) == ("85%", "85.5%", "90%")
        assert limit_text(85, unit="points") == "85 points"


def test_small_part_is_not_printed_as_none():
    assert (part_text(0.0), part_text(0.0001), part_text(0.05)) == ("0.0%", "<0.1%", "5.0%")


def test_figure_that_is_not_shown_is_a_dash():
    hidden = Figure(None, None, None, None, "few", limit=0.85, unit="share")
    assert (rate(hidden), interval(hidden), rate(None)) == ("—", "—", "—")


def test_figure_is_printed_against_its_own_limit():
    figure = Figure(0.84996, 0.8, 0.9, 300, "", limit=0.85, unit="share")
    assert rate(figure) == "84.996%"
    assert re.fullmatch(r"80\.0%.90\.0%", interval(figure))


@pytest.mark.parametrize(
    ("lower", "upper", "side"),
    [(0.85, 0.9, "above"), (0.8, 0.8499, "below"), (0.8, 0.85, "across"), (None, None, "")],
)
def test_side_of_the_limit_is_judged_unrounded(lower, upper, side):
    assert Figure(0.85, lower, upper, 50, "", limit=0.85, unit="share").side == side
