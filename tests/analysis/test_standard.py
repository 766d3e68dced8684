"""A standard's file is read exactly; what is wrong is refused with file, place and what is allowed."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from analysis.columns import canonical_columns
from analysis.rule_kinds import RULE_KINDS
from analysis.standard import (
    STANDARDS,
    StandardFileError,
    read_standard,
    read_standard_file,
    shipped_standard,
    standard_keys,
)
from analysis.standard_parts import SettingName
from tests.analysis.cases import STANDARD_CASES

YUNXI = STANDARD_CASES / "yunxi-2023.toml"
TEXT = YUNXI.read_text(encoding="utf-8")


def refusal(old: str, new: str) -> str:
    """What is said of the made-up province's file after one change."""
    assert TEXT.count(old) >= 1, old
    with pytest.raises(StandardFileError) as refused:
        read_standard(TEXT.replace(old, new, 1), name="yunxi-2023.toml")
    return str(refused.value)


WRONG = [
    ('key = "yunxi-2023"', 'key = "Yunxi"', "key: 'Yunxi' is not a name; allowed: a–z, 0–9 and single -"),
    ('issued = "2023-09-01"', 'issued = "last year"', "issued: found 'last year'; allowed: '2017'"),
    ('source = "Made up for the tests"\n', "", "yunxi-2023.toml: has no source; add source = '…'"),
    ('source = "Made up, article 3"\n', "", "criteria.five_indicators: has no source; add source = '…'"),
    ('source = "Made up, article 2"\n', "", "exclusions.small[1]: has no source"),
    ('en = "Pupils per teacher"', 'en = ""', "indicators.pupils_per_teacher.name.en: the text is empty"),
    (', en = "Pupils per teacher"', "", "indicators.pupils_per_teacher.name: the key 'en' is missing"),
    ('kind = "k_of_n"', 'kind = "most_of"', "kind: 'most_of' is no rule kind; allowed: threshold, k_of_n"),
    (
        'area = "schools"',
        'area = "school"',
        "area: 'school' is no area of this file; allowed: schools, county",
    ),
    ("may_miss = 2", "may_miss = 6", "may_miss: found 6; allowed: 0 to 5"),
    ("may_miss = 2", "may_fail = 2", "criteria.five_indicators: unknown key 'may_fail'; allowed: area"),
    ("may_miss = 2\n", "may_miss = 2\nat_least_met = 3\n", "needs exactly one of at_least_met, may_miss"),
    ("floor_share = 0.6", "floor_share = 60", "floor_share: found 60; allowed: 0 to 1"),
    (
        "{ at_least = 1 }",
        "{ at_least = 1, at_most = 2 }",
        "needs exactly one of at_least, at_most, above, below",
    ),
    ("{ at_least = 1 }", '{ at_least = "one" }', "at_least: found 'one'; expected a number"),
    ("{ at_least = 1 }", "{ at_least = { lower = 1 } }", "at_least: unknown key 'lower'; allowed: primary"),
    (
        "members.nurses_per_600",
        "members.nurses",
        "members.nurses: 'nurses' is no indicator of this file; allowed:",
    ),
    (
        "members.clinic",
        "members.books",
        "members.books: column 'books' is a number; allowed: columns of kind",
    ),
    (
        'setting = "village_books"',
        'setting = "books"',
        "'books' is no setting of this file; allowed: village_books",
    ),
    (
        'location = ["rural"]',
        'location = ["village"]',
        "'village' is no location; allowed: urban, town, rural",
    ),
    ("default = 15", "default = 25", "settings.village_books.default: found 25, outside least and most"),
    (
        'amount = "books"',
        'amount = "book"',
        "indicators.books_per_pupil.amount: 'book' is no column; allowed:",
    ),
    ('per = "teachers"', 'per = "clinic"', "column 'clinic' holds yes and no; allowed: columns of numbers"),
    ("times = 600", "times = 0", "indicators.nurses_per_600.times: found 0; allowed: above 0"),
    ("[columns.nurses]", "[columns.teachers]", "columns.teachers: every standard has this column already"),
    (
        "[columns.nurses]",
        "[columns.nurses_primary]",
        "a name ending in _primary, _junior or _senior means a stage",
    ),
    (
        'kind = "yes_no"\n[columns',
        'kind = "words"\n[columns',
        "columns.clinic.kind: 'words' is no kind of column",
    ),
    (
        'indicators = ["books_per_pupil"]',
        'indicators = ["pupils_per_teacher"]',
        "is not per pupil; the dispersion weighs",
    ),
    ("at_most = 0.60", "at_least = 0.60", "criteria.books_alike: unknown key 'at_least'; allowed: area"),
    ("points = 30\n\n[criteria", "points = 31\n\n[criteria", "the parts have 101 points; the whole has 100"),
    (
        "pass_points = 80",
        "pass_points = 80\npass_share = 0.8",
        "needs exactly one of pass_points, pass_share",
    ),
    ('item = "missing_reports"', 'item = "plan_adopted"', "is of kind 'yes_no'; allowed: number"),
    ('item = "missing_reports"\n', "", "a limit or each_missing needs the figure it is about; add item"),
    ("at_least = 0.90", "at_most = 0.90", "criteria.recognition: unknown key 'at_most'; allowed: area"),
    (
        'school_verdict = ["five_indicators"]',
        'school_verdict = ["recognition"]',
        "'recognition' is no criterion of this file about schools",
    ),
    ('exclude = "small"', 'exclude = "tiny"', "exclude: 'tiny' is no exclusion of this file; allowed: small"),
    ("[criteria.recognition]", "[criterion.recognition]", "unknown key 'criterion'; allowed: key, name"),
    (
        "[items.plan_adopted]",
        '[items.other]\nname = { zh-hans = "别的", en = "Other" }\n[items.plan_adopted]',
        "items.other: is used nowhere",
    ),
    ("= 0.90", "= 0..9", "not readable as TOML"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), WRONG)
def test_mistake_is_refused_with_place_and_what_is_allowed(old: str, new: str, sentence: str) -> None:
    said = refusal(old, new)
    assert said.startswith("yunxi-2023.toml")
    assert sentence in said


@pytest.mark.parametrize(("old", "new", "_sentence"), WRONG)
def test_the_same_mistake_is_said_in_chinese(old: str, new: str, _sentence: str) -> None:
    with pytest.raises(StandardFileError) as refused:
        read_standard(TEXT.replace(old, new, 1), name="yunxi-2023.toml")
    said, english = refused.value.texts["zh-hans"], str(refused.value)
    place = english.removeprefix("yunxi-2023.toml").removeprefix(", ").partition(": ")[0]
    assert said.startswith("yunxi-2023.toml，" + place + "：" if place.strip(": ") else "yunxi-2023.toml：")
    assert said.endswith("。")
    assert not re.search(" (allowed|is|has|needs|must|expected) ", said)


@pytest.mark.parametrize("key", standard_keys())
def test_a_chinese_reader_is_told_every_source_in_chinese(key: str) -> None:
    standard = shipped_standard(key)
    rules = [rule for rules in standard.exclusions.values() for rule in rules]
    parts = (standard, *standard.criteria, *standard.settings.values(), *rules)
    sources = [part.source["zh-hans"] for part in parts]
    assert [one for one in sources if re.search("[a-z]{3}", one)] == []
    assert all(part.source["en"] for part in parts)


def test_source_may_be_one_text_for_both_languages() -> None:
    standard = read_standard(TEXT, name="yunxi-2023.toml")
    assert standard.source == {"zh-hans": "Made up for the tests", "en": "Made up for the tests"}


def test_numbers_are_exact_as_written() -> None:
    rule = shipped_standard("quality-balance-2017").criterion("seven_indicators").rule
    numbers = [number for limit in rule.limits.values() for _, number in limit.cases]
    assert numbers[:2] == [Fraction(42, 10), Fraction(53, 10)]
    assert rule.floor_share == Fraction(85, 100)


def test_file_must_be_named_after_its_key(tmp_path: Path) -> None:
    other = tmp_path / "henan-2023.toml"
    other.write_text(TEXT, encoding="utf-8")
    with pytest.raises(StandardFileError, match="does not fit the file's name; allowed: 'henan-2023'"):
        read_standard_file(other)


def test_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    gbk = tmp_path / "yunxi-2023.toml"
    gbk.write_bytes(TEXT.encode("gb18030"))
    with pytest.raises(StandardFileError, match="not UTF-8"):
        read_standard_file(gbk)


def test_unknown_standard_names_those_there_are() -> None:
    with pytest.raises(StandardFileError, match="allowed: basic-balance-1000-points"):
        shipped_standard("quality-balance")


def test_digest_does_not_depend_on_the_system_that_saved_the_file() -> None:
    windows = "\ufeff" + TEXT.replace("\n", "\r\n")
    assert read_standard(windows, name="w").digest == read_standard(TEXT, name="u").digest


@pytest.mark.parametrize("key", standard_keys())
def test_supplied_standards_speak_both_languages_and_name_every_source(key: str) -> None:
    """The reader refuses what lacks either; here, that nothing is blank or the same by oversight."""
    standard = shipped_standard(key)
    for criterion in standard.criteria:
        assert criterion.name["zh-hans"] != criterion.name["en"] or key == "xinjiang-abc-points"
        assert criterion.source
    assert standard.source
    assert all(setting.source for setting in standard.settings.values())


def test_what_the_sources_leave_open_has_no_number() -> None:
    open_settings = {
        key: sum(setting.default is None for setting in shipped_standard(key).settings.values())
        for key in standard_keys()
    }
    assert open_settings == {
        "basic-balance-1000-points": 21,
        "basic-balance-2012-sichuan": 24,
        "basic-balance-2012-shandong": 5,
        "district-targets": 0,
        "hebei-school-standard": 20,
        "quality-balance-2017": 0,
        "xinjiang-abc-points": 3,
    }


def test_shipped_standards_use_every_rule_kind_but_none_invented() -> None:
    used = {criterion.kind for key in standard_keys() for criterion in shipped_standard(key).criteria}
    assert used == set(RULE_KINDS)


def test_quality_standard_has_the_items_the_law_counts() -> None:
    """Fifteen items of government and nine of quality, each of them judged."""
    criteria = shipped_standard("quality-balance-2017").criteria
    for area, first, how_many in (("government", "2", 15), ("quality", "3", 9)):
        numbers = {criterion.number for criterion in criteria if criterion.area == area}
        assert numbers == {f"{first}.{n}" for n in range(1, how_many + 1)}


def test_open_limit_is_the_name_of_its_setting() -> None:
    rule = shipped_standard("hebei-school-standard").criterion("ten_indicators").rule
    assert rule.limits["books_per_pupil"].cases[0][1] == SettingName("books_primary")


def test_canonical_columns_have_names_and_units_in_both_languages() -> None:
    for column in canonical_columns().values():
        assert column.name["zh-hans"] and column.name["en"]
        assert column.unit["zh-hans"] and column.unit["en"]


def test_standards_folder_holds_nothing_else() -> None:
    assert {path.suffix for path in STANDARDS.iterdir()} == {".toml"}
