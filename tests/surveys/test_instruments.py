"""The supplied questionnaires cover what the evaluation asks about, in two languages, within two minutes."""

import re
from pathlib import Path

import pytest

from surveys.answers import compile_questionnaire
from surveys.audiences import AUDIENCES, AudienceFileError, read_audiences
from surveys.questionnaire import (
    INSTRUMENTS,
    Questionnaire,
    instrument_keys,
    instrument_source,
    read_questionnaire,
    read_questionnaire_file,
)

FORMS = {key: read_questionnaire(instrument_source(key), name=f"{key}.toml") for key in instrument_keys()}

# What the 2017 standard asks the public about: three duties of the county government, five of the schools.
TOPICS = [
    "moral_education",
    "fair_policy",
    "shared_resources",
    "school_conduct",
    "quality_oriented",
    "exam_reform",
    "teaching_quality",
    "workload",
]
SATISFACTION = ["满意", "比较满意", "基本满意", "不满意", "不了解"]
CODES = ["satisfied", "rather_satisfied", "basically_satisfied", "dissatisfied", "dont_know"]


def every_form():
    return pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


def texts_of(form: Questionnaire):
    yield from [form.title, form.intro, form.thanks]
    for section in form.sections:
        yield section.title
        for item in section.items:
            yield from [item.text, item.label, *(option.text for option in item.options)]
            yield from [texts for texts in (item.help, item.unit) if texts]
    for derived in form.derived:
        yield from [derived.text, derived.label]


def test_there_is_a_form_for_society_for_staff_and_for_students():
    assert instrument_keys() == ("society", "staff", "student")
    assert {key: form.audiences for key, form in FORMS.items()} == {
        "society": ("parent", "deputy", "cppcc", "resident"),
        "staff": ("teacher", "principal"),
        "student": ("student",),
    }


@pytest.mark.parametrize("path", sorted(INSTRUMENTS.glob("*.toml")), ids=lambda path: path.stem)
def test_each_instrument_is_named_after_its_key(path: Path):
    assert read_questionnaire_file(path) == FORMS[path.stem]


@every_form()
def test_every_text_is_there_in_both_languages(form):
    for texts in texts_of(form):
        assert set(texts) == {"zh-hans", "en"}
        assert re.search(r"[\u4e00-\u9fff]", texts["zh-hans"]), texts
        assert not re.search(r"[\u4e00-\u9fff]", texts["en"]), texts


@every_form()
def test_chinese_texts_use_chinese_punctuation(form):
    for texts in texts_of(form):
        assert not re.search(r"[,;:?!()\"']", texts["zh-hans"]), texts["zh-hans"]


@every_form()
def test_all_topics_and_an_overall_item_are_asked_of_everybody_on_the_same_scale(form):
    by_topic = {item.topic: item for item in form.items if item.topic}

    assert list(by_topic) == [*TOPICS, "overall"]
    for topic, item in by_topic.items():
        assert (item.name, item.type, item.required, item.when) == (topic, "scale", True, None)
        assert [option.code for option in item.options] == CODES
        assert [option.text["zh-hans"] for option in item.options] == SATISFACTION


def test_a_topic_has_the_same_label_in_every_form():
    labels = {key: [form.item(topic).label for topic in [*TOPICS, "overall"]] for key, form in FORMS.items()}

    assert labels["society"] == labels["staff"] == labels["student"]


@every_form()
def test_nobody_is_asked_more_than_fourteen_questions(form):
    for audience in form.audiences:
        assert len(form.items_for(audience)) <= 14


@every_form()
def test_the_last_question_is_an_optional_comment(form):
    assert (form.items[-1].name, form.items[-1].type, form.items[-1].required) == (
        "comment",
        "free_text",
        False,
    )


@every_form()
def test_a_fact_is_asked_that_can_be_held_against_the_roster(form):
    size = form.item("class_size")

    assert (size.cross_check, size.type, size.required) == ("average_class_size", "number_bands", False)
    assert [band.to for band in size.bands[:4]] == [45, 50, 55, 65]  # the limits, large, very large classes


@every_form()
def test_derived_items_are_over_the_eight_topics(form):
    for derived in form.derived:
        assert (list(derived.items), derived.codes, derived.ignore) == (
            TOPICS,
            ("satisfied", "rather_satisfied"),
            ("dont_know",),
        )
    assert [(derived.name, derived.kind) for derived in form.derived] == [
        ("all_satisfied", "all_in"),
        ("satisfied_items", "count_in"),
    ]


def test_strata_are_the_grade_of_the_child_and_where_other_residents_live():
    asked = {
        audience: [
            item.name for item in FORMS[AUDIENCES[audience].questionnaire].items_for(audience) if item.stratum
        ]
        for audience in AUDIENCES
    }

    assert asked == {
        "parent": ["grade_band"],
        "student": ["grade_band"],
        "teacher": [],
        "principal": [],
        "deputy": ["location"],
        "cppcc": ["location"],
        "resident": ["location"],
    }
    assert [option.code for option in FORMS["society"].item("grade_band").options] == ["g1_3", "g4_6", "g7_9"]
    assert [option.code for option in FORMS["student"].item("grade_band").options] == ["g1_3", "g4_6", "g7_9"]
    assert [option.code for option in FORMS["society"].item("location").options] == ["urban", "town", "rural"]


def test_a_parent_who_finds_the_workload_too_heavy_is_asked_why():
    society = compile_questionnaire(FORMS["society"])

    def burden(audience: str, workload: str) -> str:
        sheet = society.encode({"workload": workload, "burden": "homework"}, audience=audience)
        return society.decode(sheet.choices)["burden.homework"]

    assert burden("parent", "dissatisfied") == "yes"
    assert burden("parent", "satisfied") == "not_asked"
    assert burden("resident", "dissatisfied") == "not_asked"


@every_form()
def test_the_most_needed_improvements_are_up_to_three_and_optional(form):
    improve = form.item("improve")

    assert (improve.type, improve.max_choices, improve.required) == ("multiple_choice", 3, False)
    assert [option.code for option in improve.options if option.exclusive] == ["nothing"]


def test_a_childs_questions_are_short():
    for item in FORMS["student"].items:
        assert len(item.text["zh-hans"]) <= 40, item.text["zh-hans"]


# --- Audiences


def test_every_audience_has_a_form_that_asks_it():
    assert list(AUDIENCES) == ["parent", "student", "teacher", "principal", "deputy", "cppcc", "resident"]
    for code, audience in AUDIENCES.items():
        assert code in FORMS[audience.questionnaire].audiences


def test_audiences_are_named_in_both_languages():
    assert [audience.name("zh-hans") for audience in AUDIENCES.values()] == [
        "家长",
        "学生",
        "教师",
        "校长",
        "人大代表",
        "政协委员",
        "其他群众",
    ]
    assert AUDIENCES["parent"].name("en") == "Parents"
    assert AUDIENCES["parent"].name("fr") == "家长"


PARENT = """
[parent]
name = { zh-hans = "家长", en = "Parents" }
scope = "school"
questionnaire = "society"
population = "pupils"
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[parent]",
            "[Parent]",
            "a.toml, Parent: 'Parent' is not a name; allowed: a–z, 0–9 and _, beginning with",
        ),
        ('scope = "school"', "", "a.toml, parent: the key 'scope' is missing"),
        (
            '"school"',
            '"class"',
            "a.toml, parent.scope: 'class' is no scope; allowed: school, township, county",
        ),
        (
            '"pupils"',
            '"all"',
            "a.toml, parent.population: 'all' is no population; allowed: pupils, pupils_from",
        ),
        (', en = "Parents"', "", "a.toml, parent.name: no text in 'en'"),
        (
            "scope",
            "scpoe",
            "a.toml, parent: unknown key 'scpoe'; allowed: name, scope, questionnaire, population",
        ),
        ("[parent]", "[parent", "a.toml: not readable as TOML"),
        ("[parent]", "resident = 1\n[parent]", "a.toml, resident: found 1; expected a table"),
    ],
)
def test_a_mistake_in_the_audiences_is_refused(old, new, message):
    with pytest.raises(AudienceFileError) as caught:
        read_audiences(PARENT.replace(old, new), name="a.toml")

    assert str(caught.value).startswith(message)
