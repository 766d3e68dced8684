"""Each question type: what a phone posts becomes codes, a text, or a problem in the respondent's words."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.presented import PresentedItem, PresentedOption
from surveys.problems import PROBLEM_TEXTS, Problem
from surveys.question_type import NO_ANSWER, NOT_ASKED, Answer
from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire import Item, read_questionnaire_file
from surveys.typed import clean_text, number_reader

QUESTIONNAIRES = Path(__file__).parents[1] / "questionnaires"
INSTRUMENTS = Path(__file__).parents[2] / "surveys" / "instruments"


def every_item() -> list[Item]:
    paths = [*sorted(QUESTIONNAIRES.glob("*.toml")), *sorted(INSTRUMENTS.glob("*.toml"))]
    return [item for path in paths for item in read_questionnaire_file(path).items]


def item_of(questionnaire: str, name: str) -> Item:
    return read_questionnaire_file(QUESTIONNAIRES / f"{questionnaire}.toml").item(name)


def read(item: Item, *raw: str) -> list[str] | str:
    """The codes by column, or the key of the problem."""
    question_type = QUESTION_TYPES[item.type]
    answer = question_type.read(item, raw)
    if isinstance(answer, Problem):
        return answer.key
    columns = question_type.columns(item)
    return [column.codes[index] for column, index in zip(columns, answer.choices, strict=True)]


SLEEP = item_of("number_bands", "sleep")
SPORTS = item_of("multiple_choice", "sports")
COLOUR = item_of("single_choice", "colour")
WORD = item_of("free_text", "word")


def test_the_register_names_each_type_and_its_template():
    assert {name: each.template for name, each in QUESTION_TYPES.items()} == {
        "scale": "questions/scale.html",
        "single_choice": "questions/single_choice.html",
        "multiple_choice": "questions/multiple_choice.html",
        "number_bands": "questions/number_bands.html",
        "free_text": "questions/free_text.html",
    }
    assert [each.name for each in QUESTION_TYPES.values()] == list(QUESTION_TYPES)


@pytest.mark.parametrize("item", every_item(), ids=lambda item: f"{item.name}-{item.type}")
def test_every_column_begins_with_the_reserved_codes(item):
    for column in QUESTION_TYPES[item.type].columns(item):
        assert column.codes[:2] == (NO_ANSWER, NOT_ASKED)
        assert column.item == item.name


@pytest.mark.parametrize("item", every_item(), ids=lambda item: f"{item.name}-{item.type}")
def test_every_good_example_is_read_as_it_says(item):
    question_type = QUESTION_TYPES[item.type]

    for example in question_type.examples_good(item):
        answer = question_type.read(item, example.raw)
        assert isinstance(answer, Answer)
        assert answer.text == example.text
        assert read(item, *example.raw) == list(example.codes)


@pytest.mark.parametrize("item", every_item(), ids=lambda item: f"{item.name}-{item.type}")
def test_every_bad_example_gives_its_problem(item):
    for example in QUESTION_TYPES[item.type].examples_bad(item):
        assert read(item, *example.raw) == example.problem


@pytest.mark.parametrize("name", [name for name in QUESTION_TYPES if name != "free_text"])
def test_every_type_that_can_refuse_has_a_bad_example(name):
    items = [item for item in every_item() if item.type == name]

    assert all(QUESTION_TYPES[name].examples_bad(item) for item in items)


def test_one_value_posted_twice_is_one_answer():
    assert read(COLOUR, "red", "red") == ["red"]


def test_an_empty_field_beside_a_choice_does_not_count():
    assert read(COLOUR, "", "red") == ["red"]


def test_a_multiple_choice_gives_one_yes_or_no_per_option():
    assert [column.name for column in QUESTION_TYPES["multiple_choice"].columns(SPORTS)] == [
        "sports.running",
        "sports.swimming",
        "sports.football",
        "sports.none",
    ]
    assert read(SPORTS, "football", "running") == ["yes", "no", "yes", "no"]
    assert read(SPORTS) == ["no_answer"] * 4
    assert read(SPORTS, "none") == ["no", "no", "no", "yes"]


def test_a_multiple_choice_refuses_more_than_its_maximum_and_excluded_combinations():
    assert read(SPORTS, "running", "swimming", "football") == "too_many_choices"
    assert read(SPORTS, "none", "running") == "exclusive"


@pytest.mark.parametrize(
    ("typed", "band"),
    [
        ("1", "short"),
        ("6.5", "short"),
        ("6.51", "middle"),
        ("8", "middle"),
        ("9.0", "middle"),
        ("9.01", "long"),
        ("24", "long"),
        ("８", "middle"),
        ("8。5", "middle"),
        ("8．5", "middle"),
        ("8点5", "middle"),
        ("\u30008 ", "middle"),
        ("8小时", "middle"),
        ("8 个小时", "middle"),
        ("8 Hours", "middle"),
        ("8h", "middle"),
        ("约8小时", "middle"),
        ("大约 8 小时左右", "middle"),
        ("8左右", "middle"),
        ("008", "middle"),
    ],
)
def test_a_number_is_understood_as_people_type_it(typed, band):
    assert read(SLEEP, typed) == [band]


@pytest.mark.parametrize(
    "typed",
    [
        "八",
        "8-9",
        "8分钟",
        "8,5",
        "1e1",
        "0x8",
        "８ 9",
        "nan",
        "inf",
        "²",
        "5²",
        "٨",
        "8小时小时",
        "..8",
        "8.",
        "½",
        "--8",
    ],
)
def test_what_is_not_one_number_is_refused(typed):
    assert read(SLEEP, typed) == "not_a_number"


@pytest.mark.parametrize("typed", ["0", "0.9", "-8", "24.1", "999999999999"])
def test_a_number_outside_all_bands_is_refused(typed):
    assert read(SLEEP, typed) == "out_of_range"


def test_ready_made_answers_give_the_band_and_not_a_number():
    reader = QUESTION_TYPES["number_bands"].code_reader(SLEEP)

    assert reader(("middle",)) == Answer(b"\x03")
    assert reader(("8",)) == Problem("unknown_option")


def test_a_unit_word_with_regular_expression_signs_is_taken_literally():
    read_number = number_reader(["%", "(approx.)"])

    assert [read_number("85%"), read_number("85 (approx.)"), read_number("85 approxx")] == [85, 85, None]


def test_without_a_unit_only_numbers_are_numbers():
    read_number = number_reader([])

    assert [read_number("85"), read_number("85人"), read_number("")] == [85, None, None]


def test_a_long_comment_is_kept_up_to_its_limit_and_says_so():
    comment = item_of("free_text", "comment")

    answer = QUESTION_TYPES["free_text"].read(comment, ["好" * 10_001])
    exactly = QUESTION_TYPES["free_text"].read(comment, ["好" * 10_000])

    assert answer == Answer(b"", text="好" * 10_000, shortened=True)
    assert exactly == Answer(b"", text="好" * 10_000)


def test_a_text_cut_off_after_a_blank_ends_before_it():
    assert QUESTION_TYPES["free_text"].read(WORD, ["four five"]) == Answer(b"", text="four", shortened=True)


def test_two_texts_of_one_name_are_both_kept():
    comment = item_of("free_text", "comment")

    assert QUESTION_TYPES["free_text"].read(comment, ["一", "二"]) == Answer(b"", text="一\n二")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("a\x00b\x07c\x7fd\x9fe", "abcde"),
        ("tab\tstays", "tab\tstays"),
        ("\u202eabc\u2066d\u2069", "abcd"),
        ("\ud83d alone", "alone"),
        ("👨\u200d👩\u200d👧 family", "👨\u200d👩\u200d👧 family"),
        ("𠮷野家", "𠮷野家"),
        ("\u3000 全角空格 \n", "全角空格"),
    ],
)
def test_a_text_loses_only_what_cannot_be_stored_or_shown(typed, kept):
    assert clean_text(typed) == kept


@settings(deadline=None)
@given(st.text())
def test_a_cleaned_text_can_be_stored_anywhere_and_is_clean(text):
    cleaned = clean_text(text)

    assert "\x00" not in cleaned
    assert cleaned.encode("utf-8").decode("utf-8") == cleaned
    assert clean_text(cleaned) == cleaned


items = st.sampled_from(every_item())
posts = st.lists(st.text(max_size=60), max_size=4)


@settings(deadline=None, max_examples=400)
@given(item=items, raw=posts)
def test_nothing_that_can_be_posted_raises(item, raw):
    answer = QUESTION_TYPES[item.type].read(item, raw)

    assert isinstance(answer, Answer | Problem)


@settings(deadline=None, max_examples=400)
@given(item=items, raw=posts)
def test_whatever_was_entered_can_be_shown_again(item, raw):
    question_type = QUESTION_TYPES[item.type]
    answer = question_type.read(item, raw)
    problem = answer if isinstance(answer, Problem) else None

    shown = question_type.present(item, "en", raw, problem, "3")

    assert {option.code for option in shown.options if option.checked} == set(raw) & {
        o.code for o in item.options
    }
    assert bool(shown.problem) == (problem is not None)


def test_a_choice_is_presented_with_what_was_chosen_and_what_was_wrong():
    shown = QUESTION_TYPES["multiple_choice"].present(
        SPORTS,
        "en",
        ["none", "running"],
        QUESTION_TYPES["multiple_choice"].read(SPORTS, ["none", "running"]),
        "2",
    )

    assert shown == PresentedItem(
        name="sports",
        type="multiple_choice",
        template="questions/multiple_choice.html",
        number="2",
        text="Sports",
        help="",
        required=False,
        conditional=False,
        stratum=False,
        options=(
            PresentedOption("running", "Running", "q-sports-running", True, False),
            PresentedOption("swimming", "Swimming", "q-sports-swimming", False, False),
            PresentedOption("football", "Football", "q-sports-football", False, False),
            PresentedOption("none", "None", "q-sports-none", True, True),
        ),
        value="",
        problem="“None” cannot be combined with other choices. Please choose again.",
        problem_key="exclusive",
        unit="",
        inputmode="",
        max_length=10_000,
        max_choices=2,
    )
    assert (shown.id, shown.described_by) == ("q-sports", "q-sports-problem")


def test_a_number_is_presented_as_it_was_typed_with_unit_and_keyboard():
    shown = QUESTION_TYPES["number_bands"].present(SLEEP, "zh-hans", ["很多"], Problem("not_a_number"), "1")

    assert (shown.value, shown.unit, shown.inputmode) == ("很多", "小时", "decimal")
    assert shown.problem == "请只填写一个数字。"


def test_a_text_is_presented_as_it_was_written():
    shown = QUESTION_TYPES["free_text"].present(WORD, "zh-hans", ["<b>\r\n好"])

    assert (shown.value, shown.max_length, shown.problem) == ("<b>\n好", 5, "")


def test_an_item_that_depends_on_earlier_answers_is_presented_as_such():
    conditions = read_questionnaire_file(QUESTIONNAIRES / "conditions.toml")

    shown = {
        item.name: QUESTION_TYPES[item.type].present(item, "en").conditional for item in conditions.items
    }

    assert shown == {
        "first": False,
        "sports": False,
        "why": True,
        "both": True,
        "either": True,
        "residents": True,
    }


def test_every_problem_a_type_can_give_is_said_in_both_languages():
    for texts in PROBLEM_TEXTS.values():
        assert set(texts) == {"zh-hans", "en"}
    assert Problem("out_of_range", (("minimum", "1"), ("maximum", "24"))).text("zh-hans") == (
        "请填写1到24之间的数字。"
    )
    assert Problem("too_many_choices", (("maximum", "2"),)).text("en") == "Please choose no more than 2."
    assert Problem("unanswered").text("bo") == "这一题还没有回答。"
