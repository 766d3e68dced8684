"""A questionnaire file is read whole or refused with the file, the place and what is allowed."""

from decimal import Decimal
from pathlib import Path

import pytest

from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire import (
    Condition,
    QuestionnaireError,
    Section,
    instrument_source,
    read_questionnaire,
    read_questionnaire_file,
    text_in,
)

QUESTIONNAIRES = Path(__file__).parents[1] / "questionnaires"

SMALL = """
key = "small"
languages = ["zh-hans", "en"]
audiences = ["parent", "resident"]
title = { zh-hans = "小问卷", en = "Small" }

[scales.agree]
agree = { zh-hans = "同意", en = "Agree" }
disagree = { zh-hans = "不同意", en = "Disagree" }

[[sections]]
title = { zh-hans = "第一部分", en = "Part one" }
items = ["class_size", "view"]

[[sections]]
title = { zh-hans = "第二部分", en = "Part two" }
items = ["sports", "comment"]

[items.view]
type = "scale"
scale = "agree"
required = true
topic = "fair_policy"
text = { zh-hans = "您同意吗?", en = "Do you agree?" }
label = { zh-hans = "同意", en = "Agreement" }

[items.class_size]
type = "number_bands"
stratum = true
cross_check = "average_class_size"
text = { zh-hans = "班级人数", en = "Class size" }
minimum = 1
unit = { zh-hans = "人", en = "pupils" }
unit_words = ["名"]

[items.class_size.bands]
small = { to = 45, zh-hans = "45人及以下", en = "45 or fewer" }
large = { to = 90.5, zh-hans = "45人以上", en = "More than 45" }

[items.sports]
type = "multiple_choice"
max_choices = 1
text = { zh-hans = "运动", en = "Sports" }
when = { any = [{ audience = ["parent"] }, { item = "view", in = ["disagree"] }] }

[items.sports.options]
running = { zh-hans = "跑步", en = "Running" }
none = { zh-hans = "没有", en = "None", exclusive = true }

[items.comment]
type = "free_text"
max_length = 500
text = { zh-hans = "意见", en = "Comment" }
when = { audience = ["parent"] }

[derived.all_agree]
kind = "all_in"
items = ["view"]
codes = ["agree"]
text = { zh-hans = "都同意", en = "Agrees" }
"""


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1, f"{old!r} stands {SMALL.count(old)} times in the small questionnaire"
    return SMALL.replace(old, new)


def refusal(source: str) -> str:
    with pytest.raises(QuestionnaireError) as caught:
        read_questionnaire(source, name="small.toml")
    return str(caught.value)


def test_a_file_is_read_into_its_parts():
    small = read_questionnaire(SMALL, name="small.toml")

    assert (small.key, small.languages, small.audiences) == (
        "small",
        ("zh-hans", "en"),
        ("parent", "resident"),
    )
    assert text_in(small.title, "en") == "Small"
    assert small.intro == {}
    view = small.item("view")
    assert (view.type, view.required, view.topic, view.scale) == ("scale", True, "fair_policy", "agree")
    assert [option.code for option in view.options] == ["agree", "disagree"]
    assert text_in(view.label, "en") == "Agreement"
    size = small.item("class_size")
    assert (size.minimum, size.unit_words, size.cross_check) == (Decimal(1), ("名",), "average_class_size")
    assert [(band.code, band.to) for band in size.bands] == [("small", 45), ("large", Decimal("90.5"))]
    assert [option.code for option in size.options] == ["small", "large"]
    assert size.label == size.text
    sports = small.item("sports")
    assert (sports.max_choices, [option.exclusive for option in sports.options]) == (1, [False, True])
    assert sports.when == Condition(
        any_of=(Condition(audiences=("parent",)), Condition(item="view", codes=("disagree",)))
    )
    assert small.item("comment").max_length == 500
    assert [(each.name, each.kind, each.items) for each in small.derived] == [
        ("all_agree", "all_in", ("view",))
    ]


def test_sections_decide_the_page_order():
    small = read_questionnaire(SMALL, name="small.toml")

    assert [item.name for item in small.items] == ["class_size", "view", "sports", "comment"]
    assert [text_in(section.title, "en") for section in small.sections] == ["Part one", "Part two"]


def test_a_file_without_sections_has_one_without_a_title():
    scale = read_questionnaire_file(QUESTIONNAIRES / "scale.toml")

    assert scale.sections == (Section(title={}, items=scale.items),)


def test_items_that_an_audience_is_never_asked_are_left_out_of_its_page():
    small = read_questionnaire(SMALL, name="small.toml")

    assert [item.name for item in small.items_for("parent")] == ["class_size", "view", "sports", "comment"]
    assert [item.name for item in small.items_for("resident")] == ["class_size", "view", "sports"]


def test_a_section_without_items_for_an_audience_is_left_out_of_its_page():
    source = changed('items = ["class_size", "view"]', 'items = ["class_size", "view", "sports"]')
    source = source.replace('items = ["sports", "comment"]', 'items = ["comment"]')

    small = read_questionnaire(source, name="small.toml")

    assert [text_in(section.title, "en") for section in small.sections_for("resident")] == ["Part one"]


@pytest.mark.parametrize(
    ("condition", "parent", "resident"),
    [
        (Condition(audiences=("parent",)), True, False),
        (Condition(item="view", codes=("agree",)), None, None),
        (Condition(all_of=(Condition(audiences=("parent",)), Condition(item="view"))), None, False),
        (Condition(any_of=(Condition(audiences=("parent",)), Condition(item="view"))), True, None),
        (Condition(any_of=(Condition(audiences=("parent",)), Condition(audiences=("deputy",)))), True, False),
    ],
)
def test_a_condition_says_what_the_audience_alone_decides(condition, parent, resident):
    assert (condition.for_audience("parent"), condition.for_audience("resident")) == (parent, resident)


def test_the_digest_is_of_the_text_whatever_the_line_ends():
    unix = read_questionnaire(SMALL, name="small.toml").digest
    windows = read_questionnaire("\ufeff" + SMALL.replace("\n", "\r\n"), name="small.toml").digest
    other = read_questionnaire(changed('en = "Small"', 'en = "Smaller"'), name="small.toml").digest

    assert windows == unix
    assert other != unix


def test_a_text_missing_in_a_language_is_shown_in_chinese():
    assert text_in({"zh-hans": "满意"}, "en") == "满意"
    assert text_in({}, "en") == ""


def test_a_third_language_is_a_column_and_missing_texts_are_named():
    source = changed('["zh-hans", "en"]', '["zh-hans", "en", "bo"]')

    assert refusal(source) == "small.toml, scales.agree.agree: no text in 'bo'"


REFUSALS = {
    "not TOML": (
        'key = "small"',
        "key = small",
        "small.toml: not readable as TOML: Invalid value (at line 2, column 7)",
    ),
    "unknown key in the file": (
        'key = "small"',
        'key = "small"\nversion = 2',
        "small.toml: unknown key 'version'; allowed: key, languages, audiences, title, intro, "
        "thanks, scales, sections, items, derived",
    ),
    "no key": (
        'key = "small"',
        "",
        "small.toml: the key 'key' is missing",
    ),
    "key of another kind": (
        'key = "small"',
        "key = 5",
        "small.toml, key: found 5; expected a text in quotes",
    ),
    "key with a blank": (
        'key = "small"',
        'key = "a small one"',
        "small.toml, key: 'a small one' is not a name; allowed: a–z, 0–9 and _, beginning with a "
        "letter, up to 40",
    ),
    "language in capitals": (
        '["zh-hans", "en"]',
        '["zh-Hans", "en"]',
        "small.toml, languages: 'zh-Hans' is not a language code; allowed: lower case, such as "
        "'zh-hans', 'en'",
    ),
    "no Chinese": (
        '["zh-hans", "en"]',
        '["en"]',
        "small.toml, languages: 'zh-hans' is missing; every questionnaire has Chinese",
    ),
    "language twice": (
        '["zh-hans", "en"]',
        '["zh-hans", "en", "en"]',
        "small.toml, languages: 'en' stands there twice",
    ),
    "no languages": (
        '["zh-hans", "en"]',
        "[]",
        "small.toml, languages: found []; expected a list of texts in quotes, at least one",
    ),
    "unknown audience": (
        'audiences = ["parent", "resident"]',
        'audiences = ["pupil"]',
        "small.toml, audiences: 'pupil' is no audience; allowed: parent, student, teacher, "
        "principal, deputy, cppcc, resident",
    ),
    "title missing": (
        'title = { zh-hans = "小问卷", en = "Small" }',
        "",
        "small.toml, title: no text in 'zh-hans'",
    ),
    "title in one language": (
        ', en = "Small" }',
        " }",
        "small.toml, title: no text in 'en'",
    ),
    "title not a table": (
        'title = { zh-hans = "小问卷", en = "Small" }',
        'title = "小问卷"',
        'small.toml, title: expected a text by language: { zh-hans = "…", en = "…" }',
    ),
    "text in an unknown language": (
        'en = "Small" }',
        'en = "Small", fr = "Petit" }',
        "small.toml, title: unknown key 'fr'; allowed: zh-hans, en",
    ),
    "blank text": (
        'en = "Do you agree?"',
        'en = " "',
        "small.toml, items.view.text: no text in 'en'",
    ),
    "item in no section": (
        '[[sections]]\ntitle = { zh-hans = "第一部分", en = "Part one" }\nitems = ["class_size", "view"]\n',
        "",
        "small.toml, items.view: stands in no section; add its name to the items of one",
    ),
    "section names no item": (
        'items = ["class_size", "view"]',
        'items = ["class_size", "vue"]',
        "small.toml, sections[1].items: 'vue' is no item; allowed: view, class_size, sports, comment",
    ),
    "item in two sections": (
        'items = ["sports", "comment"]',
        'items = ["sports", "comment", "view"]',
        "small.toml, sections[2].items: 'view' stands already in sections[1]; an item has one place",
    ),
    "section key": (
        'items = ["sports", "comment"]',
        'items = ["sports", "comment"]\nname = "x"',
        "small.toml, sections[2]: unknown key 'name'; allowed: title, items",
    ),
    "item name in capitals": (
        "[items.comment]",
        "[items.Comment]",
        "small.toml, items.Comment: 'Comment' is not a name; allowed: a–z, 0–9 and _, beginning with "
        "a letter, up to 40",
    ),
    "item name of the program": (
        "[items.comment]",
        "[items.school]",
        "small.toml, items.school: the name 'school' is used by the program; choose another",
    ),
    "type missing": (
        'type = "free_text"\n',
        "",
        "small.toml, items.comment: the key 'type' is missing",
    ),
    "unknown type": (
        'type = "free_text"',
        'type = "essay"',
        "small.toml, items.comment.type: 'essay' is not known; allowed: scale, single_choice, "
        "multiple_choice, number_bands, free_text",
    ),
    "unknown item key": (
        "required = true",
        "requierd = true",
        "small.toml, items.view: unknown key 'requierd'; allowed: type, text, label, help, required, "
        "topic, when, stratum, scale",
    ),
    "key of another type": (
        "max_length = 500",
        "max_choices = 5",
        "small.toml, items.comment: unknown key 'max_choices'; allowed: type, text, label, help, "
        "required, topic, when, stratum, max_length",
    ),
    "required as a word": (
        "required = true",
        'required = "yes"',
        "small.toml, items.view.required: found 'yes'; expected true or false",
    ),
    "true is no number": (
        "max_length = 500",
        "max_length = true",
        "small.toml, items.comment.max_length: found True; expected a whole number",
    ),
    "topic with a blank": (
        '"fair_policy"',
        '"fair policy"',
        "small.toml, items.view.topic: 'fair policy' is not a name; allowed: a–z, 0–9 and _, "
        "beginning with a letter, up to 40",
    ),
    "unknown scale": (
        'scale = "agree"',
        'scale = "agreed"',
        "small.toml, items.view.scale: 'agreed' is no scale; allowed: agree",
    ),
    "scale with one step": (
        'disagree = { zh-hans = "不同意", en = "Disagree" }',
        "",
        "small.toml, items.view.options: found 1; a choice needs 2 to 100 options",
    ),
    "reserved code": (
        'disagree = { zh-hans = "不同意"',
        'no_answer = { zh-hans = "不回答"',
        "small.toml, scales.agree.no_answer: the code 'no_answer' is reserved; choose another",
    ),
    "code with a hyphen": (
        "running = {",
        "long-run = {",
        "small.toml, items.sports.options.long-run: 'long-run' is not a code; allowed: a–z, 0–9 and "
        "_, up to 40",
    ),
    "option text missing": (
        'running = { zh-hans = "跑步", en = "Running" }',
        'running = { zh-hans = "跑步" }',
        "small.toml, items.sports.options.running: no text in 'en'",
    ),
    "option not a table": (
        'running = { zh-hans = "跑步", en = "Running" }',
        'running = "跑步"',
        'small.toml, items.sports.options.running: expected a text by language: { zh-hans = "…", en = "…" }',
    ),
    "exclusive on a scale": (
        'agree = { zh-hans = "同意", en = "Agree" }',
        'agree = { zh-hans = "同意", en = "Agree", exclusive = true }',
        "small.toml, scales.agree.agree: unknown key 'exclusive'; allowed: zh-hans, en",
    ),
    "more choices than options": (
        "max_choices = 1",
        "max_choices = 3",
        "small.toml, items.sports.max_choices: found 3; allowed: 1 to 2",
    ),
    "stratum of many codes": (
        "max_choices = 1",
        "stratum = true",
        "small.toml, items.sports.stratum: a multiple_choice item gives no single code, so it cannot "
        "be a stratum",
    ),
    "text too long to keep": (
        "max_length = 500",
        "max_length = 20000",
        "small.toml, items.comment.max_length: found 20000; allowed: 1 to 10000 characters",
    ),
    "band without an end": (
        "to = 45, ",
        "",
        "small.toml, items.class_size.bands.small: the key 'to' is missing",
    ),
    "band's end no number": (
        "to = 45, ",
        'to = "45", ',
        "small.toml, items.class_size.bands.small.to: found '45'; expected a number",
    ),
    "band's end without bound": (
        "to = 90.5, ",
        "to = inf, ",
        "small.toml, items.class_size.bands.large.to: found inf; expected a number",
    ),
    "bands out of order": (
        "to = 90.5, ",
        "to = 45, ",
        "small.toml, items.class_size.bands.large: to = 45 does not lie above the band before it (small), 45",
    ),
    "band below the minimum": (
        "minimum = 1",
        "minimum = 50",
        "small.toml, items.class_size.bands.small: to = 45 does not lie above the minimum, 50",
    ),
    "one band": (
        'large = { to = 90.5, zh-hans = "45人以上", en = "More than 45" }',
        "",
        "small.toml, items.class_size.bands: found 1; a number needs 2 to 100 bands",
    ),
    "condition no table": (
        'when = { audience = ["parent"] }',
        'when = "parent"',
        "small.toml, items.comment.when: expected { audience = […] }, { item = '…', in = […] }, { "
        "all = […] } or { any = […] }",
    ),
    "condition of another form": (
        'when = { audience = ["parent"] }',
        'when = { audience = ["parent"], item = "view" }',
        "small.toml, items.comment.when: found the keys audience, item; expected { audience = […] }, "
        "{ item = '…', in = […] }, { all = […] } or { any = […] }",
    ),
    "condition on an audience not asked": (
        'when = { audience = ["parent"] }',
        'when = { audience = ["teacher"] }',
        "small.toml, items.comment.when.audience: 'teacher' is no audience of this questionnaire; "
        "allowed: parent, resident",
    ),
    "condition on a later item": (
        'item = "view", in = ["disagree"]',
        'item = "sports", in = ["running"]',
        "small.toml, items.sports.when.item: 'sports' is no earlier item with options; allowed: "
        "class_size, view",
    ),
    "condition on a code not there": (
        'in = ["disagree"]',
        'in = ["no_answer"]',
        "small.toml, items.sports.when.in: 'no_answer' is no code of 'view'; allowed: agree, disagree",
    ),
    "condition on nothing": (
        'when = { audience = ["parent"] }',
        "when = { all = [] }",
        "small.toml, items.comment.when.all: the list is empty",
    ),
    "derived kind": (
        'kind = "all_in"',
        'kind = "mean"',
        "small.toml, derived.all_agree.kind: 'mean' is not known; allowed: all_in, count_in",
    ),
    "derived from a text": (
        'items = ["view"]',
        'items = ["comment"]',
        "small.toml, derived.all_agree.items: 'comment' is no item with one code per response; "
        "allowed: view, class_size",
    ),
    "derived code": (
        'codes = ["agree"]',
        'codes = ["yes"]',
        "small.toml, derived.all_agree.codes: 'yes' is no code of 'view'; allowed: agree, disagree",
    ),
    "derived code ignored": (
        'codes = ["agree"]',
        'codes = ["agree"]\nignore = ["agree"]',
        "small.toml, derived.all_agree: 'agree' stands in codes and in ignore; a code is one or the other",
    ),
    "derived with an item's name": (
        "[derived.all_agree]",
        "[derived.view]",
        "small.toml, derived.view: an item has this name already",
    ),
    "derived key": (
        'kind = "all_in"',
        'kind = "all_in"\nminimum = 1',
        "small.toml, derived.all_agree: unknown key 'minimum'; allowed: kind, items, codes, ignore, "
        "text, label",
    ),
}


@pytest.mark.parametrize(("old", "new", "message"), REFUSALS.values(), ids=REFUSALS)
def test_a_mistake_is_refused_with_file_place_and_what_is_allowed(old, new, message):
    assert refusal(changed(old, new)) == message


def test_sections_must_be_tables():
    source = SMALL[: SMALL.index("[[sections]]")] + SMALL[SMALL.index("[items.view]") :]

    message = refusal(source.replace("[scales.agree]", 'sections = ["one"]\n[scales.agree]'))

    assert message == "small.toml, sections[1]: expected a table with title and items"


def test_an_item_must_be_a_table():
    assert refusal('key = "k"\nlanguages = ["zh-hans"]\naudiences = ["parent"]\nitems = { a = 1 }\n') == (
        "small.toml, items.a: found 1; expected a table"
    )


def test_a_questionnaire_without_items_is_refused():
    assert refusal('key = "k"\nlanguages = ["zh-hans"]\naudiences = ["parent"]\n') == (
        "small.toml, items: there is no question; add [items.<name>]"
    )


def test_more_columns_than_can_be_counted_are_refused():
    options = "".join(f'o{n} = {{ zh-hans = "{n}" }}\n' for n in range(100))
    items = "".join(
        f'[items.i{n}]\ntype = "multiple_choice"\ntext = {{ zh-hans = "{n}" }}\n'
        f"[items.i{n}.options]\n{options}"
        for n in range(3)
    )

    message = refusal(
        f'key = "k"\nlanguages = ["zh-hans"]\naudiences = ["parent"]\ntitle = {{ zh-hans = "t" }}\n{items}'
    )

    assert message == "small.toml, items: 300 columns of answers; allowed: 200"


def test_a_file_is_named_after_its_key(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(SMALL, encoding="utf-8")

    with pytest.raises(
        QuestionnaireError, match="^tiny.toml: key 'small' does not fit the file's name; allowed: 'tiny'$"
    ):
        read_questionnaire_file(path)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "small.toml"
    path.write_bytes("# 问卷".encode("gbk"))

    with pytest.raises(QuestionnaireError, match=r"^small.toml: not UTF-8 \(byte 3\); save it as UTF-8$"):
        read_questionnaire_file(path)


def test_an_unknown_instrument_is_refused_with_those_there_are():
    with pytest.raises(QuestionnaireError, match="^no instrument '../x'; allowed: society, staff, student$"):
        instrument_source("../x")


def test_an_item_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        read_questionnaire(SMALL, name="small.toml").item("vue")


def test_every_question_type_has_its_smallest_questionnaire():
    for name in QUESTION_TYPES:
        small = read_questionnaire_file(QUESTIONNAIRES / f"{name}.toml")

        assert {item.type for item in small.items} == {name}
