"""The desk's Chinese is complete, keeps its placeholders, and is typed with Chinese punctuation."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.utils import translation

from survey_site.texts import compile_texts

CATALOGUE = Path("survey_site/locale/zh_Hans/LC_MESSAGES/django.po")
PLACE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")


@pytest.fixture(scope="module")
def entries() -> list[polib.POEntry]:
    return [entry for entry in polib.pofile(str(CATALOGUE)) if not entry.obsolete]


def words_of(entry: polib.POEntry) -> str:
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def test_every_text_has_its_chinese(entries):
    assert [entry.msgid for entry in entries if not words_of(entry) or entry.fuzzy] == []


def test_placeholders_are_kept(entries):
    wrong = [
        entry.msgid
        for entry in entries
        if not set(PLACE.findall(words_of(entry))) <= set(PLACE.findall(entry.msgid + entry.msgid_plural))
    ]
    assert wrong == []


def test_chinese_is_typed_with_chinese_punctuation(entries):
    half_width = re.compile(r"[\u4e00-\u9fff][,;:?!(]|[),;:?!][\u4e00-\u9fff]")
    assert [words_of(entry) for entry in entries if half_width.search(words_of(entry))] == []


def test_texts_in_the_code_are_in_the_catalogue(entries):
    """A text added without a translation is found here: every _("…") and {% translate "…" %} is looked up."""
    known = {entry.msgid.replace("%%", "%") for entry in entries}  # templates double their percent signs
    found = set()
    for path in Path("templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"{%\s*translate\s+\"([^\"]+)\"", text))
        found |= set(re.findall(r"_\(\"([^\"]+)\"\)", text))
    for room in ("surveys", "scoring", "analysis", "survey_site"):
        for path in Path(room).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            found |= set(
                re.findall(r"(?<![\w.])(?:_|gettext_lazy|gettext)\(\s*\"((?:[^\"\\]|\\.)+)\"\s*\)", text)
            )
    assert len(found) > 300
    assert sorted({text.replace("%%", "%") for text in found} - known) == []


def test_compiling_twice_does_nothing_the_second_time():
    compile_texts()
    assert compile_texts() == []


def test_texts_compiled_after_the_first_look_are_found_by_the_same_process(tmp_path, settings):
    """The first start compiles and then makes the demonstration, whose ledger has to be in Chinese."""
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    catalogue.append(polib.POEntry(msgid="compiled late", msgstr="后来编译"))
    (tmp_path / "zh_Hans" / "LC_MESSAGES").mkdir(parents=True)
    catalogue.save(str(tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"))
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override("zh-hans"):
        assert translation.gettext("compiled late") == "compiled late"
    compile_texts()
    with translation.override("zh-hans"):
        assert translation.gettext("compiled late") == "后来编译"
