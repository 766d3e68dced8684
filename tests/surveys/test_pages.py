"""The phone's pages as text and bytes: prepared once, put together quickly, small on the wire."""

import gzip
import re
import zlib
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from surveys.answers import compile_questionnaire
from surveys.page_tokens import is_our_receipt, new_token, read_token, receipt_mark
from surveys.pages import Heading, Look, day_in_words, form_page, preview_page, thanks_page
from surveys.questionnaire import (
    instrument_keys,
    instrument_source,
    read_questionnaire,
)
from surveys.segments import LARGEST_STORED_BLOCK, compressed, gzip_body, plain_body, stored
from tests.surveys.builders import LONG_NAME

NOW = 1_795_000_000
HEADING = Heading(
    bureau="云川县",
    place=LONG_NAME,
    wave="2026年秋季调查",
    until="2026年11月30日",
    scope="school",
    is_demo=False,
)
USUAL = Look()
TOKEN = new_token("ABC", now=NOW)
PAGES = [
    (key, audience, language, big)
    for key in instrument_keys()
    for audience in read_questionnaire(instrument_source(key), name=key).audiences
    for language in ("zh-hans", "en")
    for big in (False, True)
]
CONDITIONS = """
key = "conditions"
languages = ["zh-hans"]
audiences = ["parent", "resident"]
title = { zh-hans = "测试" }

[items.agree]
type = "single_choice"
text = { zh-hans = "同意吗？" }
[items.agree.options]
yes = { zh-hans = "同意" }
no = { zh-hans = "不同意" }

[items.sports]
type = "multiple_choice"
text = { zh-hans = "运动" }
[items.sports.options]
running = { zh-hans = "跑步" }
swimming = { zh-hans = "游泳" }

[items.size]
type = "number_bands"
text = { zh-hans = "班级人数" }
[items.size.bands]
small = { to = 45, zh-hans = "45人及以下" }
large = { to = 99, zh-hans = "46人及以上" }

[items.either]
type = "free_text"
text = { zh-hans = "任一" }
[[items.either.when.any]]
item = "sports"
in = ["swimming"]
[[items.either.when.any]]
all = [{ audience = ["parent"] }, { item = "agree", in = ["yes"] }, { item = "sports", in = ["running"] }]

[items.crowded]
type = "free_text"
text = { zh-hans = "拥挤" }
when = { item = "size", in = ["large"] }
"""


def table_of(key: str):
    return compile_questionnaire(read_questionnaire(instrument_source(key), name=key))


def page(
    table, *, audience: str = "parent", look: Look = USUAL, heading: Heading = HEADING, token: str = TOKEN
):
    return form_page(table, audience=audience, look=look, heading=heading, token=token)


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=300)), max_size=8))
def test_pieces_put_together_are_one_gzip_file(pieces):
    segments = [compressed(text) if often else stored(text) for often, text in pieces]
    whole = "".join(text for _, text in pieces).encode()
    assert plain_body(segments) == whole
    assert gzip.decompress(gzip_body(segments)) == whole
    assert zlib.decompress(gzip_body(segments), wbits=31) == whole


def test_a_stored_piece_that_is_too_long_is_refused():
    stored("x" * LARGEST_STORED_BLOCK)
    with pytest.raises(ValueError, match="65536"):
        stored("x" * (LARGEST_STORED_BLOCK + 1))


@pytest.mark.parametrize(("key", "audience", "language", "big"), PAGES)
def test_every_page_shows_every_item_of_its_audience_and_fits_the_wire(key, audience, language, big):
    table = table_of(key)
    sent = page(table, audience=audience, look=Look(language, big))
    assert gzip.decompress(sent.gzipped) == sent.plain
    html = sent.plain.decode()
    asked = [item.name for item in table.questionnaire.items_for(audience)]
    assert re.findall(r'<fieldset id="q-(\w+)"', html) == asked
    assert "\ue000" not in html
    assert 'name="token" value="' + TOKEN in html
    assert len(sent.gzipped) + looks_of_the_page() <= 20_000


def looks_of_the_page() -> int:
    """Bytes of style sheet and script as whitenoise sends them."""
    static = Path(settings.BASE_DIR, "survey_site", "static")
    return sum(len(gzip.compress((static / name).read_bytes(), 9)) for name in ("phone.css", "phone.js"))


def test_two_schools_share_the_questions_but_not_the_names():
    table = table_of("society")
    first = page(table)
    second = page(
        table, heading=Heading("青山县", "<b>第二小学</b>", "春季", "2027年5月1日", "school", is_demo=False)
    )
    assert first.segments[2] is second.segments[2]
    assert LONG_NAME in first.plain.decode()
    assert LONG_NAME not in second.plain.decode()
    assert "&lt;b&gt;第二小学&lt;/b&gt;" in second.plain.decode()


def test_only_a_demonstration_county_is_marked_as_one():
    table = table_of("society")
    mark = '<p class="demo">'
    shown = Heading("云川县", LONG_NAME, "秋季", "2026年11月30日", "school", is_demo=True)
    assert mark in page(table, heading=shown).plain.decode()
    assert mark not in page(table).plain.decode()
    thanks = thanks_page(
        table, look=Look(), heading=shown, receipt="ABCD-EFGH-JKMN", again=False, another=True
    )
    assert mark in thanks.plain.decode()


def test_pages_carry_no_script_and_no_style_of_their_own():
    for key, audience, language, big in PAGES:
        html = page(table_of(key), audience=audience, look=Look(language, big)).plain.decode()
        assert re.findall(r"<style|\sstyle=|\son\w+=|<script(?! src=\"/)|javascript:|https?://", html) == []


def test_a_conditional_question_has_its_condition_in_words_and_as_data_and_leaves_no_gap_in_the_numbers():
    html = page(table_of("society")).plain.decode()
    fieldset = re.search(r'<fieldset id="q-burden".*?</fieldset>', html, re.DOTALL)[0]
    assert (
        'data-when="[&quot;workload&quot;,[&quot;basically_satisfied&quot;,&quot;dissatisfied&quot;]]"'
        in fieldset
    )
    hint = re.search(r'<p class="hint">(.*?)</p>', fieldset)[1]
    assert "“基本满意”" in hint
    assert "“不满意”" in hint
    assert re.findall(r'<span class="n">([\d.]+)</span>', html) == (
        [str(number) for number in range(1, 11)] + ["10.1", "11", "12", "13"]
    )


def test_nested_conditions_become_nested_data_and_those_of_typed_numbers_stay_in_sight():
    table = compile_questionnaire(read_questionnaire(CONDITIONS, name="conditions"))
    html = page(table).plain.decode().replace("&quot;", '"')
    when = dict(re.findall(r'<fieldset id="q-(\w+)"[^>]*data-when="(.*?)"[ >]', html))
    assert when == {
        "either": '{"any":[["sports",["swimming"]],{"all":[["agree",["yes"]],["sports",["running"]]]}]}'
    }
    crowded = re.search(r'<fieldset id="q-crowded".*?</fieldset>', html, re.DOTALL)[0]
    assert '<p class="hint">' in crowded


def test_short_scales_stand_in_a_row_but_not_in_large_type_nor_in_english():
    table = table_of("society")
    rows = {
        (language, big): page(table, look=Look(language, big)).plain.decode().count('class="row"')
        for language in ("zh-hans", "en")
        for big in (False, True)
    }
    assert rows == {("zh-hans", False): 9, ("zh-hans", True): 0, ("en", False): 0, ("en", True): 0}


def test_preview_shows_the_same_questions_and_cannot_be_sent():
    table = table_of("society")
    html = preview_page(table, language="zh-hans", audience="parent", big=False)
    assert re.findall(r'<fieldset id="q-(\w+)"', html) == [
        item.name for item in table.questionnaire.items_for("parent")
    ]
    assert "<form method" not in html
    assert 'name="token"' not in html
    assert 'type="submit"' not in html


def test_a_day_is_written_the_way_its_reader_writes_it():
    assert day_in_words(date(2026, 11, 30), "en") == "30 November 2026"


def test_token_comes_back_with_its_time_and_its_own_id():
    first, second = (read_token(new_token("ABC", now=NOW), "ABC", now=NOW) for _ in range(2))
    assert first.issued_at == NOW
    assert len(first.submission_id) == 16
    assert first.submission_id != second.submission_id


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        TOKEN[:-1],
        TOKEN + "A",
        TOKEN.swapcase(),
        "é" * 48,
        "\x00" * 48,
        "=" * 48,
        "A" * 48,
        new_token("ABD", now=NOW),
    ],
    # Tokens are random: without names of their own, two workers would collect different tests.
    ids=["empty", "short", "cut", "long", "case", "accents", "nuls", "signs", "letters", "another code"],
)
def test_token_that_is_not_ours_is_none(token):
    assert read_token(token, "ABC", now=NOW) is None


@given(
    st.integers(0, 47), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
)
def test_token_with_one_letter_changed_is_none(place, letter):
    changed = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert (read_token(changed, "ABC", now=NOW) is None) == (changed != TOKEN)


def test_token_from_the_future_is_none():
    assert read_token(new_token("ABC", now=NOW + 3600), "ABC", now=NOW) is None
    assert read_token(new_token("ABC", now=NOW + 60), "ABC", now=NOW) is not None


def test_receipt_mark_holds_for_one_receipt_of_one_collector():
    mark = receipt_mark("ABCD-EFGH-JKMN", "CODE")
    assert is_our_receipt("ABCD-EFGH-JKMN", mark, "CODE")
    assert not is_our_receipt("ABCD-EFGH-JKMM", mark, "CODE")
    assert not is_our_receipt("ABCD-EFGH-JKMN", mark, "OTHER")
    assert not is_our_receipt("ABCD-EFGH-JKMN", "é", "CODE")
