"""Rows of ready-made answers → submissions, each entry checked against the wave it is meant for."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone, is_naive, make_aware
from django.utils.translation import gettext as _

from surveys.answer_columns import ColumnMap, Columns
from surveys.answers import AnswerSheet, AnswerTable
from surveys.audiences import AUDIENCES
from surveys.distribution.codes import new_collector_code
from surveys.intake import Submission
from surveys.models import Collector, Source, Wave
from surveys.question_type import NO, NOT_ASKED_INDEX, YES
from surveys.questionnaire import FIRST_LANGUAGE
from surveys.roster.cells import Row

MOST_PROBLEMS = 200  # named one by one; the rest is counted
SEVERAL = ";；|"  # between the codes of a multiple choice
LONGEST_FOUND = 60

Place = tuple[str, str, str]  # audience, school code, township


@dataclass
class RowReader:
    """One pass over a file: the wave's places and tables, what was read so far, what cannot be used.

    `new_places` are whole-county collectors that the wave does not have yet; they are not saved here.
    """

    wave: Wave
    columns: Columns
    map: ColumnMap
    tables: Mapping[str, AnswerTable]
    collectors: Mapping[Place, Collector]
    source: str
    now: datetime
    submissions: list[Submission] = field(default_factory=list)
    new_places: dict[Place, Collector] = field(default_factory=dict)
    left_out: Counter = field(default_factory=Counter)  # item → answers nobody was asked for
    problems: list[str] = field(default_factory=list)
    more_problems: int = 0
    _rows_by_id: dict[bytes, int] = field(default_factory=dict)

    def read(self, row: Row) -> None:
        """Adds the row's submission, or says what is wrong with it."""
        audience = self._audience(row)
        if not audience:
            return
        table = self.tables[audience]
        collector, received_at = self._collector(row, audience), self._received_at(row)
        language, submission_id = self._language(row, table), self._submission_id(row)
        sheet = self._answers(row, table, audience)
        if collector is None or received_at is None or self.problems:
            return
        self.submissions.append(
            Submission(
                collector=collector, table=table, submission_id=submission_id, choices=sheet.choices,
                texts=json.dumps(sheet.texts, ensure_ascii=False) if sheet.texts else "",
                stratum=sheet.stratum, language=language, received_at=received_at,
                seconds=_seconds(self._part(row, "seconds")), source=Source.IMPORTED,
            )
        )  # fmt: skip

    def _part(self, row: Row, key: str) -> str:
        index = self.columns.parts.get(key)
        return "" if index is None else str(row.cell(index))

    def _refuse(self, row: Row, sentence: str, **details: object) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.more_problems += 1
            return
        shown = {
            key: str(value)[:LONGEST_FOUND] if key == "found" else value for key, value in details.items()
        }
        said = {"row": row.number, "sentence": sentence % shown}
        self.problems.append(_("Row %(row)s: %(sentence)s") % said)

    def _audience(self, row: Row) -> str:
        """The audience's code, by the map, itself or its Chinese name; empty if the wave does not ask it."""
        written = self._part(row, "audience")
        found = self.map.audiences.get(written, written)
        by_name = {AUDIENCES[code].name("zh-hans"): code for code in self.tables if code in AUDIENCES}
        found = by_name.get(found, found)
        if found in self.tables:
            return found
        sentence = _("found the audience “%(found)s”; the wave asks: %(asked)s.")
        self._refuse(row, sentence, found=written, asked=", ".join(self.tables))
        return ""

    def _collector(self, row: Row, audience: str) -> Collector | None:
        """The place's poster collector. Where a whole county is asked without one, it is made."""
        school, township = self._part(row, "school"), self._part(row, "township")
        place = (audience, school, "" if school else township)
        known = self.collectors.get(place) or self.new_places.get(place)
        if known:
            return known
        if school:
            sentence = _("nobody of the audience “%(audience)s” is asked at a school “%(found)s”.")
            self._refuse(row, sentence, audience=audience, found=school)
        elif township:
            sentence = _("nobody of the audience “%(audience)s” is asked in a township “%(found)s”.")
            self._refuse(row, sentence, audience=audience, found=township)
        elif AUDIENCES[audience].scope == "school":
            sentence = _("the audience “%(audience)s” is asked at schools; give the school's code.")
            self._refuse(row, sentence, audience=audience)
        else:
            made = Collector(wave=self.wave, audience=audience, code=new_collector_code())
            self.new_places[place] = made
            return made
        return None

    def _received_at(self, row: Row) -> datetime | None:
        """When the answers were given; now, if the file does not say."""
        written = self._part(row, "received_at")
        if not written:
            return self.now
        try:
            moment = parse_datetime(written.replace("/", "-"))
        except ValueError:
            moment = None
        if moment is not None and is_naive(moment):
            moment = make_aware(moment, get_current_timezone())
        if moment is None or moment > self.now:
            sentence = _("“%(found)s” is no time in the past; write it as 2026-09-18 20:15.")
            self._refuse(row, sentence, found=written)
            return None
        return moment

    def _language(self, row: Row, table: AnswerTable) -> str:
        language = self._part(row, "language") or FIRST_LANGUAGE
        if language not in table.questionnaire.languages:
            sentence = _("found the language “%(found)s”; allowed: %(languages)s.")
            self._refuse(row, sentence, found=language, languages=", ".join(table.questionnaire.languages))
        return language

    def _submission_id(self, row: Row) -> bytes:
        """The same for the same respondent of the same source; a respondent who comes twice is refused."""
        who = self._part(row, "respondent")
        text = f"imported answers|{self.wave.pk}|{self.source}|{who or f'row {row.number}'}"
        submission_id = hashlib.sha256(text.encode()).digest()[:16]
        before = self._rows_by_id.setdefault(submission_id, row.number)
        if before != row.number:
            sentence = _("the respondent “%(found)s” stands in row %(before)s already.")
            self._refuse(row, sentence, found=who, before=before)
        return submission_id

    def _answers(self, row: Row, table: AnswerTable, audience: str) -> AnswerSheet:
        """The row's answers, checked; what cannot be used is refused, what was not asked is counted."""
        kinds = {item.name: item.type for item in table.questionnaire.items}
        answers: dict[str, str | list[str]] = {}
        for name, index in self.columns.items.items():
            written = str(row.cell(index))
            code = self.map.codes.get(name, {}).get(written, written)
            if not code:
                continue
            item, _dot, option = name.partition(".")
            if item not in kinds:
                self.left_out[name] += 1
            elif option and code not in (YES, NO):
                self._refuse_code(row, name, code, [YES, NO])
            else:
                answers[name] = _several(code) if kinds[item] == "multiple_choice" and not option else code
        sheet = table.encode(answers, audience=audience)
        for name, problem in sheet.problems:
            if problem.key != "unanswered":  # what was not answered elsewhere cannot be asked again here
                codes = [option.code for option in table.questionnaire.item(name).options]
                self._refuse_code(row, name, answers[name], codes)
        for name in answers:
            at = _first_position(table, name)
            if at is not None and sheet.choices[at] == NOT_ASKED_INDEX:
                self.left_out[name] += 1
        return sheet

    def _refuse_code(self, row: Row, name: str, found: str | list[str], codes: Sequence[str]) -> None:
        shown = found if isinstance(found, str) else "; ".join(found)
        sentence = _("“%(item)s” is “%(found)s”; allowed: %(codes)s.")
        self._refuse(row, sentence, item=name, found=shown, codes=", ".join(codes))


def _several(codes: str) -> list[str]:
    for mark in SEVERAL[1:]:
        codes = codes.replace(mark, SEVERAL[0])
    return [code.strip() for code in codes.split(SEVERAL[0]) if code.strip()]


def _first_position(table: AnswerTable, name: str) -> int | None:
    """Where the answers of an item begin; nowhere for a free text."""
    at = table.positions.get(name)
    if at is not None:
        return at
    return next((index for index, column in enumerate(table.columns) if column.item == name), None)


def _seconds(written: str) -> float | None:
    try:
        seconds = float(written)
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None
