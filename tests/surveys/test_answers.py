"""A response is read, stored as one byte per column, and counted exactly."""

import gzip
import io
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surveys.answers import AnswerTable, compile_questionnaire
from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire import INSTRUMENTS, read_questionnaire, read_questionnaire_file

TESTS = Path(__file__).parents[1]
QUESTIONNAIRES = TESTS / "questionnaires"
GOLDEN = TESTS / "golden" / "data"


def table(name: str) -> AnswerTable:
    return compile_questionnaire(read_questionnaire_file(QUESTIONNAIRES / f"{name}.toml"))


TABLES = {
    path.stem: compile_questionnaire(read_questionnaire_file(path))
    for path in [*sorted(QUESTIONNAIRES.glob("*.toml")), *sorted(INSTRUMENTS.glob("*.toml"))]
}
CONDITIONS = TABLES["conditions"]
DERIVED = TABLES["derived"]


def keys(sheet):
    return [(name, problem.key) for name, problem in sheet.problems]


# --- The reference county: 12,054 responses and their published counts


@pytest.fixture(scope="module")
def county_rows() -> pd.DataFrame:
    return pd.read_csv(GOLDEN / "county_a.csv.gz", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def county_matrix(county_rows) -> np.ndarray:
    county = TABLES["county_a"]
    answers = county_rows.rename(columns={"class": "location"})
    sheets = [county.encode(row, audience=row["audience"]) for row in answers.to_dict("records")]
    assert not any(sheet.problems for sheet in sheets)
    return county.matrix([sheet.choices for sheet in sheets])


def test_counting_the_encoded_reference_county_gives_its_published_tallies(county_rows, county_matrix):
    county = TABLES["county_a"]
    published = Counter()
    with gzip.open(GOLDEN / "county_a_tallies.csv.gz", "rt", encoding="utf-8") as file:
        for row in pd.read_csv(io.StringIO(file.read()), dtype=str, keep_default_na=False).itertuples():
            code = "9" if row.code == "dont_know" else row.code
            published[row.audience, row.item, code] += int(row.count)

    counted = Counter()
    for audience, rows in county_rows.groupby("audience").groups.items():
        slots = county_matrix[rows] + county.offsets
        counts = np.bincount(slots.ravel(), minlength=county.slot_count)
        for offset, column in zip(county.offsets, county.columns, strict=True):
            if column.item.startswith("q"):
                for index, code in enumerate(column.codes):
                    counted[audience, column.name, code] += counts[offset + index]

    assert +counted == published


def test_derived_items_of_the_reference_county_equal_a_recount_with_pandas(county_rows, county_matrix):
    county = TABLES["county_a"]
    items = county_rows[[f"q{n}" for n in range(1, 9)]]
    satisfied = items.isin(["4", "5"]).sum(axis="columns")
    valid = items.isin(["1", "2", "3", "4", "5"]).sum(axis="columns")
    all_satisfied = np.where(valid == 0, "no_answer", np.where(satisfied == valid, "yes", "no"))
    satisfied_items = np.where(valid == 0, "no_answer", satisfied.astype(str))

    for name, expected in [("all_satisfied", all_satisfied), ("satisfied_items", satisfied_items)]:
        at = county.positions[name]
        codes = np.array(county.columns[at].codes)[county_matrix[:, at]]
        assert (codes == expected).all()


# --- Reading a posted form


def test_a_form_is_read_into_choices_texts_and_stratum():
    society = TABLES["society"]
    form = {item.name: ["satisfied"] for item in society.questionnaire.items if item.type == "scale"}
    form |= {"grade_band": ["g4_6"], "class_size": ["约48人"], "improve": ["workload", "exam_reform"]}
    form |= {
        "comment": ["很好👍"],
        "workload": ["dissatisfied"],
        "csrfmiddlewaretoken": ["x"],
        "extra": ["y"],
    }

    sheet = society.read(form, audience="parent")

    codes = society.decode(sheet.choices)
    assert (sheet.problems, sheet.texts, sheet.stratum) == ((), {"comment": "很好👍"}, "grade_band=g4_6")
    assert (codes["class_size"], codes["location"]) == ("to_50", "not_asked")
    assert (codes["burden.homework"], codes["burden.other"]) == ("no_answer", "no_answer")
    assert [name for name, code in codes.items() if code == "yes"] == [
        "improve.exam_reform",
        "improve.workload",
    ]
    assert (codes["all_satisfied"], codes["satisfied_items"]) == ("no", "7")


def test_problems_come_in_page_order():
    society = TABLES["society"]
    form = {
        "comment": ["x"],
        "overall": ["great"],
        "class_size": ["many"],
        "workload": ["satisfied", "dont_know"],
    }

    sheet = society.read(form, audience="parent")

    assert keys(sheet) == [
        ("grade_band", "unanswered"),
        ("class_size", "not_a_number"),
        ("moral_education", "unanswered"),
        ("fair_policy", "unanswered"),
        ("shared_resources", "unanswered"),
        ("school_conduct", "unanswered"),
        ("quality_oriented", "unanswered"),
        ("exam_reform", "unanswered"),
        ("teaching_quality", "unanswered"),
        ("workload", "too_many"),
        ("overall", "unknown_option"),
    ]
    assert sheet.texts == {"comment": "x"}


def test_an_item_of_another_audience_is_not_asked_whatever_was_posted():
    sheet = TABLES["society"].read({"grade_band": ["g1_3"], "location": ["rural"]}, audience="deputy")

    assert TABLES["society"].decode(sheet.choices)["grade_band"] == "not_asked"
    assert sheet.stratum == "location=rural"


def test_a_follow_up_is_not_asked_unless_its_condition_holds():
    posted = {"first": ["agree"], "sports": ["swimming"], "why": ["because"], "both": ["agree"]}

    sheet = CONDITIONS.read(posted, audience="parent")

    assert sheet.texts == {}
    assert keys(sheet) == []


def test_a_required_follow_up_is_missed_only_when_it_was_asked():
    assert keys(CONDITIONS.read({"first": ["disagree"]}, audience="parent")) == [
        ("why", "unanswered"),
        ("both", "unanswered"),
    ]
    assert keys(CONDITIONS.read({"first": ["disagree"]}, audience="resident")) == [("why", "unanswered")]
    assert keys(CONDITIONS.read({"first": ["dont_know"]}, audience="parent")) == []


@pytest.mark.parametrize("audience", ["parent", "resident"])
@pytest.mark.parametrize("first", ["agree", "disagree", "dont_know", ""])
@pytest.mark.parametrize("both", ["agree", "disagree", ""])
@pytest.mark.parametrize("sports", [[], ["running"], ["swimming"], ["running", "football"]])
def test_conditions_combine_as_they_are_written(audience, first, both, sports):
    form = {"first": [first], "both": [both], "sports": sports, "either": ["agree"], "residents": ["agree"]}

    codes = CONDITIONS.decode(CONDITIONS.read(form, audience=audience).choices)

    parent = audience == "parent"
    both_asked = parent and first in ("agree", "disagree")
    either_asked = (parent and bool({"swimming", "football"} & set(sports))) or (
        both_asked and both == "agree" and first == "agree"
    )
    residents_asked = not parent or "running" in sports
    assert (codes["sports.running"] == "not_asked") == (not parent)
    assert (codes["both"] == "not_asked") == (not both_asked)
    assert (codes["either"] == "not_asked") == (not either_asked)
    assert (codes["residents"] == "not_asked") == (not residents_asked)


def test_a_condition_on_a_refused_answer_does_not_hold():
    sheet = CONDITIONS.read({"first": ["disagree", "agree"]}, audience="resident")

    assert keys(sheet) == [("first", "too_many")]


def test_only_declared_strata_that_were_asked_and_answered_make_the_stratum():
    strata = TABLES["strata"]

    assert strata.read({"grade": ["5"], "location": ["rural"]}, audience="parent").stratum == (
        "grade=g4_6;location=rural"
    )
    assert (
        strata.read({"grade": ["5"], "location": ["rural"]}, audience="resident").stratum == "location=rural"
    )
    assert strata.read({"grade": ["50"]}, audience="parent").stratum == ""


def test_a_comment_that_was_cut_off_is_named():
    sheet = TABLES["free_text"].read({"word": ["five letters"], "comment": ["short"]}, audience="parent")

    assert (sheet.texts, sheet.shortened) == ({"word": "five", "comment": "short"}, ("word",))


def test_form_data_may_come_as_a_function_a_mapping_or_a_multi_value_mapping():
    class FormData(dict):
        """Like a web framework's: get() gives the last value, getlist() all."""

        def get(self, name, default=None):
            return self[name][-1] if name in self else default

        def getlist(self, name):
            return dict.get(self, name, [])

    sports = {"sports": ["running", "football"]}
    multiple = TABLES["multiple_choice"]

    by_mapping = multiple.read(sports, audience="parent")

    assert multiple.read(lambda name: sports.get(name, []), audience="parent") == by_mapping
    assert multiple.read(FormData(sports), audience="parent") == by_mapping
    assert multiple.read({"sports": "running"}, audience="parent") == multiple.read(
        {"sports": ["running"]}, audience="parent"
    )


def test_an_audience_the_questionnaire_does_not_ask_is_refused():
    with pytest.raises(ValueError, match=r"^'scale' does not ask the audience 'teacher'; allowed: parent$"):
        TABLES["scale"].read({}, audience="teacher")


# --- Derived items


@pytest.mark.parametrize("answers", [*product(["agree", "disagree", "dont_know", ""], repeat=3)])
def test_derived_columns_equal_a_plain_recomputation(answers):
    form = dict(zip(["first", "second", "third"], answers, strict=True))

    codes = DERIVED.decode(DERIVED.encode(form, audience="parent").choices)

    valid = [answer for answer in answers if answer in ("agree", "disagree")]
    everything = "no_answer" if not valid else "yes" if valid.count("agree") == len(valid) else "no"
    assert (codes["all_agree"], codes["agreed"]) == (
        everything,
        str(valid.count("agree")) if valid else "no_answer",
    )


@pytest.mark.parametrize(
    ("audience", "third", "expected"),
    [
        ("deputy", "agree", ("not_asked", "not_asked")),
        ("resident", "", ("no_answer", "no_answer")),
        ("resident", "dont_know", ("no_answer", "no_answer")),
        ("resident", "agree", ("yes", "1")),
        ("resident", "disagree", ("no", "0")),
    ],
)
def test_a_derived_item_is_over_what_was_asked(audience, third, expected):
    answers = {"first": "agree", "second": "disagree", "third": third}

    codes = DERIVED.decode(DERIVED.encode(answers, audience=audience).choices)

    assert (codes["all_agree"], codes["agreed"]) == expected


# --- Stored answers


def test_columns_are_in_page_order_with_derived_items_at_the_end():
    assert [column.name for column in TABLES["society"].columns[:4]] == [
        "grade_band",
        "class_size",
        "location",
        "moral_education",
    ]
    assert [column.name for column in TABLES["society"].columns[-2:]] == ["all_satisfied", "satisfied_items"]


@pytest.mark.parametrize("name", TABLES)
def test_every_code_of_every_column_has_its_own_slot(name):
    one = TABLES[name]

    slots = [
        offset + index
        for offset, column in zip(one.offsets, one.columns, strict=True)
        for index in range(len(column.codes))
    ]

    assert slots == list(range(one.slot_count))


def test_the_matrix_has_a_row_per_response_and_a_column_per_column():
    scale = TABLES["scale"]
    sheets = [scale.encode({"first": code}, audience="parent") for code in ("agree", "dont_know")]

    assert scale.matrix([sheet.choices for sheet in sheets]).tolist() == [[2, 0], [4, 0]]
    assert scale.matrix([]).shape == (0, 2)
    assert TABLES["free_text"].matrix([b"", b""]).shape == (2, 0)


def test_answers_of_another_version_are_refused():
    scale = TABLES["scale"]

    with pytest.raises(ValueError, match="^3 stored answers; this version of 'scale' has 2 columns$"):
        scale.decode(b"\0\0\0")
    with pytest.raises(ValueError, match="^1 stored answers; this version of 'scale' has 2 columns$"):
        scale.matrix([b"\0\0", b"\0"])
    with pytest.raises(ValueError, match="hold a code that this questionnaire version does not have"):
        scale.decode(b"\0\x09")


# --- Properties over every questionnaire


def posted_value(item, code: str) -> str:
    """What a browser posts to be counted under a code."""
    if item.type == "number_bands":
        return str(next(band.to for band in item.bands if band.code == code))
    return code


@st.composite
def responses(draw, posted: bool):
    """A questionnaire, an audience and valid answers to some of its items, as posted or as codes."""
    one = TABLES[draw(st.sampled_from(sorted(TABLES)))]
    audience = draw(st.sampled_from(one.questionnaire.audiences))
    answers = {}
    for item in one.questionnaire.items:
        if item.type == "free_text":
            answers[item.name] = [draw(st.text(max_size=30))]
        elif item.type == "multiple_choice":
            free = [option.code for option in item.options if not option.exclusive]
            answers[item.name] = draw(st.lists(st.sampled_from(free), max_size=item.max_choices, unique=True))
        else:
            codes = [option.code for option in item.options]
            chosen = draw(st.lists(st.sampled_from(codes), max_size=1))
            answers[item.name] = [posted_value(item, code) for code in chosen] if posted else chosen
    return one, audience, answers


def form_of(one: AnswerTable, codes: dict[str, str]) -> dict[str, list[str]]:
    """The form that a browser would have posted for decoded answers."""
    form = {}
    for item in one.questionnaire.items:
        columns = QUESTION_TYPES[item.type].columns(item)
        if item.type == "multiple_choice":
            form[item.name] = [c.name.partition(".")[2] for c in columns if codes[c.name] == "yes"]
        elif columns and codes[item.name] not in ("no_answer", "not_asked"):
            form[item.name] = [posted_value(item, codes[item.name])]
    return form


@settings(deadline=None, max_examples=200)
@given(responses(posted=True))
def test_reading_what_was_decoded_gives_the_same_response(response):
    one, audience, form = response
    sheet = one.read(form, audience=audience)

    again = one.read(form_of(one, one.decode(sheet.choices)) | sheet.texts, audience=audience)

    assert (again.choices, again.texts, again.stratum) == (sheet.choices, sheet.texts, sheet.stratum)


@settings(deadline=None, max_examples=200)
@given(responses(posted=False))
def test_encoding_what_was_decoded_gives_the_same_response(response):
    one, audience, answers = response
    sheet = one.encode(answers, audience=audience)

    assert one.encode(one.decode(sheet.choices), audience=audience).choices == sheet.choices


@settings(deadline=None, max_examples=200)
@given(responses(posted=False))
def test_ready_made_answers_and_the_posted_form_give_the_same_response(response):
    one, audience, answers = response
    form = dict(answers)
    for item in one.questionnaire.items:
        if item.type == "number_bands":
            form[item.name] = [posted_value(item, code) for code in answers[item.name]]

    assert one.encode(answers, audience=audience) == one.read(form, audience=audience)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_no_posted_garbage_raises_and_every_sheet_can_be_decoded_and_counted(data):
    one = TABLES[data.draw(st.sampled_from(sorted(TABLES)))]
    audience = data.draw(st.sampled_from(one.questionnaire.audiences))
    codes = [code for column in one.columns for code in column.codes]
    value = st.one_of(st.text(max_size=20), st.sampled_from([*codes, "", "1", "\x00", "\ud800"]))
    names = st.one_of(st.sampled_from([item.name for item in one.questionnaire.items]), st.text(max_size=9))
    form = data.draw(st.dictionaries(names, st.lists(value, max_size=3), max_size=20))

    sheet = one.read(form, audience=audience)

    assert len(sheet.choices) == len(one.columns)
    assert set(one.decode(sheet.choices)) == {column.name for column in one.columns}
    assert all(text.encode("utf-8") for text in sheet.texts.values())
    page_order = [item.name for item in one.questionnaire.items]
    at = [page_order.index(name) for name, _ in sheet.problems]
    assert at == sorted(set(at))


def test_twenty_required_items_left_empty_are_twenty_problems():
    items = "".join(
        f'[items.i{n}]\ntype = "free_text"\nrequired = true\ntext = {{ zh-hans = "{n}" }}\n'
        for n in range(20)
    )
    head = 'key = "k"\nlanguages = ["zh-hans"]\naudiences = ["parent"]\ntitle = { zh-hans = "t" }\n'
    one = compile_questionnaire(read_questionnaire(head + items, name="k.toml"))

    assert keys(one.read({}, audience="parent")) == [(f"i{n}", "unanswered") for n in range(20)]
