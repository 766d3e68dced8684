"""The pages a respondent sees, as text: rendered once per version, language and size, then only filled in.

Everybody who opens the same questionnaire gets the same page but for a few words (who asks, about
which school, until when) and the token. So it is rendered and compressed once per process; a request
fills in the words, adds the token and sends the pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlencode

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.html import escape
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from surveys.answers import AnswerSheet, AnswerTable
from surveys.audiences import AUDIENCES
from surveys.models import Collector
from surveys.page_questions import Given, minutes_needed, presented_sections, problem_texts
from surveys.phone_messages import Message
from surveys.questionnaire import FIRST_LANGUAGE, Questionnaire, text_in
from surveys.segments import Segment, compressed, gzip_body, plain_body, stored

PAGE_LANGUAGES = ("zh-hans", "en")  # of pages that belong to no questionnaire
LANGUAGE_NAMES = {"zh-hans": "中文"}
LANGUAGE_TAGS = {"zh-hans": "zh-Hans"}

# Stand in a prepared page for what differs; no text of ours contains private-use characters.
_MARK = "\ue000{}\ue001"
_TOKEN = _MARK.format("token")
_RECEIPT = _MARK.format("receipt")


class HasQuestionnaire(Protocol):
    """A questionnaire version or its answer table."""

    @property
    def questionnaire(self) -> Questionnaire: ...


@dataclass(frozen=True)
class Look:
    """How a page is shown: its language and whether its type is large (大字版)."""

    language: str = FIRST_LANGUAGE
    big: bool = False

    @property
    def query(self) -> str:
        """As a link from one page to itself: "?lang=en&big=1"; "?" for the usual look."""
        return self.query_with() or "?"

    def query_with(self, **more: str) -> str:
        """To be added to an address: "?lang=en&again=1", or nothing."""
        chosen = {"lang": "" if self.language == FIRST_LANGUAGE else self.language, "big": self.big and "1"}
        query = urlencode({name: value for name, value in (chosen | more).items() if value})
        return f"?{query}" if query else ""


@dataclass(frozen=True)
class Heading:
    """Who asks, about which place, in which round, until when. `scope` is school, township or county."""

    bureau: str
    place: str
    wave: str
    until: str
    scope: str
    is_demo: bool


@dataclass(frozen=True)
class Page:
    """A page ready to be sent."""

    segments: tuple[Segment, ...]

    @property
    def plain(self) -> bytes:
        return plain_body(self.segments)

    @property
    def gzipped(self) -> bytes:
        return gzip_body(self.segments)


def heading_of(collector: Collector, language: str) -> Heading:
    wave = collector.wave
    return Heading(
        bureau=wave.county.bureau_name,
        place=collector.place.name,
        wave=wave.name,
        until=day_in_words(wave.ends_on, language),
        scope="school" if collector.school_id else "township" if collector.township_id else "county",
        is_demo=wave.county.is_demo,
    )


@lru_cache(maxsize=512)
def day_in_words(day: date, language: str) -> str:
    """2026年11月30日, 30 November 2026."""
    with translation.override(language):
        return date_format(day, _("j F Y"))


def form_page(table: AnswerTable, *, audience: str, look: Look, heading: Heading, token: str) -> Page:
    """The empty questionnaire. Costs no rendering and no compression once it has been shown."""
    opening, closing = _prepared_form(table, audience, look, heading.scope, heading.is_demo)
    return Page((_filled(opening, heading), stored(token), closing))


def form_with_answers(
    table: AnswerTable, *, audience: str, look: Look, heading: Heading, token: str, given: Given,
    sheet: AnswerSheet, is_new_token: bool,
) -> str:  # fmt: skip
    """The questionnaire again, with everything that was entered and what must still be mended."""
    with translation.override(look.language):
        problems = problem_texts(table.questionnaire, sheet, look.language)
    return _form_html(
        table, audience, look, heading,
        token=token, given=given, problems=problems, is_new_token=is_new_token,
    )  # fmt: skip


def preview_page(
    questionnaire: HasQuestionnaire | Questionnaire, *, language: str, audience: str, big: bool = False
) -> str:
    """The page as a respondent will see it, marked as a preview and without a way to send it."""
    with translation.override(language):
        heading = Heading(
            bureau=_("(education bureau)"),
            place=_("(name of the school or township)"),
            wave=_("(name of the wave)"), until=_("(last day)"),
            scope=AUDIENCES[audience].scope, is_demo=False,
        )  # fmt: skip
    return _form_html(questionnaire, audience, Look(language, big), heading, token="", is_preview=True)


def thanks_page(
    table: AnswerTable, *, look: Look, heading: Heading, receipt: str, again: bool, another: bool
) -> Page:
    """The receipt. `again`: this form had been received before; `another`: offer the form to somebody
    else who uses the same phone."""
    opening, closing = _prepared_thanks(table, look, heading.is_demo, again, again and another)
    return Page((_filled(opening, heading), stored(receipt), closing))


def message_page(
    look: Look, message: Message, *, collector: Collector | None = None, typed: str = "",
    kept: Sequence[tuple[str, str]] | None = None, tries: str = "",
) -> str:  # fmt: skip
    """A short page in place of the questionnaire. `typed` goes back into the field for the code, `tries`
    names the visitor who types one; `kept` are fields to be sent again with one button."""
    about = {}
    if collector:
        wave = collector.wave
        about = {
            "wave": wave.name,
            "first_day": day_in_words(wave.starts_on, look.language),
        }
    with translation.override(look.language):
        return render_to_string(
            "phone/message.html",
            _frame(look, PAGE_LANGUAGES)
            | {
                "title": message.title,
                "sign": message.sign,
                "sentences": [str(sentence) % about for sentence in message.sentences],
                "ask_code": message.ask_code,
                "retry": message.retry,
                "bureau": collector.wave.county.bureau_name if collector else "",
                "typed": typed,
                "kept": kept,
                "tries": tries,
            },
        )


@lru_cache(maxsize=256)
def _prepared_form(
    table: AnswerTable, audience: str, look: Look, scope: str, is_demo: bool
) -> tuple[str, Segment]:
    html = _form_html(table, audience, look, _marked_heading(scope, is_demo), token=_TOKEN)
    opening, closing = html.split(_TOKEN)
    return opening, compressed(closing)


@lru_cache(maxsize=256)
def _prepared_thanks(
    table: AnswerTable, look: Look, is_demo: bool, again: bool, another: bool
) -> tuple[str, Segment]:
    questionnaire = table.questionnaire
    with translation.override(look.language):
        html = render_to_string(
            "phone/thanks.html",
            _frame(look, questionnaire.languages)
            | {
                "heading": _marked_heading("county", is_demo),
                "thanks": text_in(questionnaire.thanks, look.language),
                "receipt": _RECEIPT,
                "again": again,
                "another": another,
            },
        )
    opening, closing = html.split(_RECEIPT)
    return opening, compressed(closing)


def _marked_heading(scope: str, is_demo: bool) -> Heading:
    marks = {name: _MARK.format(name) for name in ("bureau", "place", "wave", "until")}
    return Heading(**marks, scope=scope, is_demo=is_demo)


@lru_cache(maxsize=4096)
def _filled(opening: str, heading: Heading) -> Segment:
    """The page's beginning for one school: the same for everybody who scans its poster."""
    for name, value in asdict(heading).items():
        if isinstance(value, str):
            opening = opening.replace(_MARK.format(name), escape(value))
    return compressed(opening)


def _form_html(
    has_questionnaire: HasQuestionnaire | Questionnaire, audience: str, look: Look, heading: Heading, *,
    token: str, given: Given = lambda name: (), problems: Mapping[str, str] | None = None,
    is_new_token: bool = False, is_preview: bool = False,
) -> str:  # fmt: skip
    questionnaire = (
        has_questionnaire if isinstance(has_questionnaire, Questionnaire) else has_questionnaire.questionnaire
    )
    with translation.override(look.language):
        sections = presented_sections(
            questionnaire, audience=audience, language=look.language, big=look.big,
            given=given, problems=problems,
        )  # fmt: skip
        return render_to_string(
            "phone/form.html",
            _frame(look, questionnaire.languages)
            | {
                "heading": heading,
                "title": text_in(questionnaire.title, look.language),
                "intro": text_in(questionnaire.intro, look.language),
                "audience": AUDIENCES[audience].name(look.language),
                "minutes": minutes_needed(questionnaire, audience),
                "sections": sections,
                "wrong": [q.item for section in sections for q in section.questions if q.item.problem],
                "is_new_token": is_new_token,
                "token": token,
                "is_preview": is_preview,
                "is_answered": problems is not None,
            },
        )


def _frame(look: Look, languages: Sequence[str]) -> dict:
    """What every page's frame needs: its own look and the links to the others."""
    return {
        "look": look,
        "language_tag": LANGUAGE_TAGS.get(look.language, look.language),
        "other_languages": [
            {
                "tag": LANGUAGE_TAGS.get(code, code),
                "name": _language_name(code),
                "href": Look(code, look.big).query,
            }
            for code in languages
            if code != look.language
        ],
        "other_size": Look(look.language, not look.big).query,
    }


def _language_name(code: str) -> str:
    try:
        return LANGUAGE_NAMES.get(code) or get_language_info(code)["name_local"]
    except KeyError:
        return code
