"""Interval bars: right places on the scale, no inline style, nothing for what is hidden."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from django.utils.translation import override

from analysis.charts import (
    BAR_WIDTH,
    MARGIN,
    Scale,
    bar_heading,
    common_scale,
    headline_bar,
    headline_scale,
    interval_bar,
)
from analysis.results import Figure


def figure(estimate, lower=None, upper=None, *, limit=0.85, unit="share") -> Figure:
    return Figure(estimate, lower, upper, 50, "", limit=limit, unit=unit)


SCALE = Scale(0.7, 1.0, 0.85, "share")


def test_limit_stands_in_the_middle_of_a_scale_from_70_to_100():
    assert SCALE.x(0.85, BAR_WIDTH) == BAR_WIDTH / 2
    assert (SCALE.x(0.7, BAR_WIDTH), SCALE.x(1.0, BAR_WIDTH)) == (MARGIN, BAR_WIDTH - MARGIN)
    assert SCALE.x(0.2, BAR_WIDTH) == MARGIN


def test_bar_spans_the_interval_and_marks_the_estimate():
    root = ElementTree.fromstring(interval_bar(figure(0.85, 0.775, 0.925), SCALE))
    span = next(one for one in root if one.get("class") == "bar-span")
    mark = next(one for one in root if one.get("class") == "bar-mark")
    assert (float(span.get("x")), float(span.get("width"))) == (53.0, 94.0)
    assert float(mark.get("x")) + 2 == BAR_WIDTH / 2


def test_interval_beyond_the_scale_says_that_it_goes_on():
    assert "bar-beyond" in interval_bar(figure(0.85, 0.3, 0.99), SCALE)
    assert "bar-beyond" not in interval_bar(figure(0.85, 0.8, 0.99), SCALE)


def test_hidden_figure_has_no_bar():
    assert interval_bar(figure(None), SCALE) == ""
    assert headline_bar(figure(None), width=960, top=1) == ""


def test_estimate_without_an_interval_has_a_mark_only():
    drawn = interval_bar(figure(0.9), SCALE)
    assert "bar-mark" in drawn
    assert "bar-span" not in drawn


def test_common_scale_holds_the_limit_and_every_estimate():
    scale = common_scale([figure(0.62), figure(0.97), figure(None)], limit=0.85, top=1, unit="share")
    assert (scale.low, scale.high) == (0.5, 1)
    assert common_scale([], limit=85, top=100, unit="points").low == 70


@pytest.mark.parametrize(
    ("one", "low", "high"),
    [
        (figure(0.869, 0.858, 0.879), 0.8, 0.95),
        (figure(0.99, 0.97, 1.0), 0.8, 1.0),
        (figure(0.02, 0, 0.3), 0, 0.9),
    ],
)
def test_headline_scale_stands_close_around_interval_and_limit(one, low, high):
    scale = headline_scale(one, top=1)
    assert (scale.low, scale.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("width", [320, 960])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(
    "one",
    [
        figure(0.869, 0.858, 0.879), figure(0.84996, 0.4, 1.0), figure(0.01, 0.0, 0.05),
        figure(1.0, 0.99, 1.0), figure(88.2, 87.9, 88.6, limit=85, unit="points"), figure(0.9),
    ],
)  # fmt: skip
def test_headline_is_well_formed_stays_inside_and_says_its_numbers(one, language, width):
    with override(language):
        drawn = headline_bar(one, width=width, top=100 if one.unit == "points" else 1)
    root = ElementTree.fromstring(drawn)
    assert "style=" not in drawn
    assert root.get("role") == "img"
    assert re.search(r"\d", root.get("aria-label"))
    for part in root:
        x = part.get("x")
        if x is not None:
            assert -1 <= float(x) <= width
            assert float(x) + float(part.get("width", 0)) <= width + 1


def test_headline_never_writes_a_rate_below_the_limit_as_the_limit():
    with override("en"):
        assert 'aria-label="84.996%, limit 85%' in headline_bar(figure(0.84996, 0.8, 0.9), width=960, top=1)


def test_heading_names_both_ends_and_the_limit():
    with override("en"):
        assert re.findall(r">(\d+%)<", bar_heading(SCALE)) == ["70%", "100%", "85%"]
