"""Ready-made answers (collected elsewhere) → an open wave, all of them or none, reported as imported.

One row of the file is one respondent: audience, school code or township (or neither: the whole county),
and a column per item. Everything is checked before anything is stored. A row keeps its identity by file
and respondent, so importing the same file again stores nothing twice.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.timezone import get_current_timezone, is_naive, make_aware
from django.utils.translation import gettext as _

from surveys.answer_columns import ColumnMap, Columns, find_columns
from surveys.answers import AnswerSheet, AnswerTable
from surveys.audiences import AUDIENCES
from surveys.distribution.codes import new_collector_code
from surveys.intake import IntakeRefused, Submission, commit_batch
from surveys.models import Channel, Collector, Source, Wave, WaveEvent
from surveys.question_types import NO, NOT_ASKED_INDEX, YES
from surveys.questionnaire import FIRST_LANGUAGE
from surveys.roster.cells import Limits, RosterFileError, Row
from surveys.roster.reading import read_sheets

ANSWER_LIMITS = Limits(
    file_bytes=100 * 1024**2, unpacked_bytes=400 * 1024**2, rows=1_000_000, cells=50_000_000
)
BATCH_SIZE = 200
MOST_PROBLEMS = 200  # named one by one; the rest is counted
SEVERAL = ";；|"  # between the codes of a multiple choice

Place = tuple[str, str, str]  # audience, school code, township


class AnswersRefused(Exception):
    """A file that is not imported. `problems` are sentences, one per thing to mend; nothing was stored."""

    def __init__(self, problems: Sequence[str], *, more: int = 0):
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.more = more


@dataclass(frozen=True)
class ImportedAnswers:
    """What an import did. `left_out` counts answers to items that were not asked of the respondent."""

    stored: int
    repeated: int
    by_audience: Mapping[str, int]  # newly stored
    left_out: Mapping[str, int]  # item → answers
    without_column: tuple[str, ...]  # items that the file says nothing about
    new_collectors: int


@dataclass
class _Reading:
    """One pass over a file: the wave's places and tables, what was read, what cannot be used."""

    wave: Wave
    columns: Columns
    map: ColumnMap
    tables: dict[str, AnswerTable]
    collectors: dict[Place, Collector]
    source: str
    now: datetime
    submissions: list[Submission] = field(default_factory=list)
    rows_by_id: dict[bytes, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    more_problems: int = 0
    left_out: Counter = field(default_factory=Counter)
    new_places: dict[Place, Collector] = field(default_factory=dict)

    def part(self, row: Row, key: str) -> str:
        index = self.columns.parts.get(key)
        return "" if index is None else str(row.cell(index))

    def refuse(self, row: Row, sentence: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(_("Row %(row)s: %(sentence)s") % {"row": row.number, "sentence": sentence})
        else:
            self.more_problems += 1


def import_answers(
    wave: Wave, content: bytes, *, file_name: str, columns: ColumnMap | None = None, source_name: str = "",
    by: Any, now: datetime,
) -> ImportedAnswers:  # fmt: skip
    """Stores every row of the file as an imported response, in batches, in one transaction.

    A row is known again by `source_name` (else the file's own digest) and its respondent (else its row
    number). AnswersRefused names everything that cannot be used, and then nothing is stored.
    """
    digest = hashlib.sha256(content).hexdigest()
    header, rows = _table(content, file_name=file_name)
    reading = _reading(wave, header, columns or ColumnMap(), source=source_name or digest, now=now)
    for row in rows:
        _read_row(reading, row)
    if reading.problems:
        raise AnswersRefused(reading.problems, more=reading.more_problems)
    with transaction.atomic():
        for place in reading.new_places.values():
            place.save()
        counted = Counter(fresh_audiences(reading.submissions))
        stored = sum(counted.values())
        detail = {
            "file": file_name, "sha256": digest, "source": source_name, "stored": stored,
            "repeated": len(reading.submissions) - stored,
        }  # fmt: skip
        WaveEvent.objects.create(wave=wave, action="answers_imported", by=by, at=now, detail=detail)
    return ImportedAnswers(
        stored=stored,
        repeated=len(reading.submissions) - stored,
        by_audience=dict(counted),
        left_out=dict(reading.left_out),
        without_column=reading.columns.without_column,
        new_collectors=len(reading.new_places),
    )


def fresh_audiences(submissions: Sequence[Submission]) -> Iterator[str]:
    """Commits the submissions batch by batch; yields the audience of each that was not stored before."""
    for start in range(0, len(submissions), BATCH_SIZE):
        batch = submissions[start : start + BATCH_SIZE]
        for submission, outcome in zip(batch, commit_batch(batch), strict=True):
            if isinstance(outcome, IntakeRefused):
                raise AnswersRefused([_refusal(submission.collector.wave, outcome.reason)])
            if not outcome.is_repeat:
                yield submission.collector.audience


def _table(content: bytes, *, file_name: str) -> tuple[Row, list[Row]]:
    """The header and the rows of the file's first sheet."""
    try:
        if content.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
                content = packed.read(ANSWER_LIMITS.file_bytes + 1)
        sheets = read_sheets(content, file_name=file_name, limits=ANSWER_LIMITS)
    except RosterFileError as error:
        raise AnswersRefused([str(error)]) from error
    except (OSError, EOFError, zlib.error) as error:
        raise AnswersRefused([_("The packed file is damaged.")]) from error
    filled = [sheet for sheet in sheets if len(sheet.rows) > 1]
    if not filled:
        raise AnswersRefused([_("The file has no answers: it needs a header and at least one row.")])
    return filled[0].rows[0], list(filled[0].rows[1:])


def _reading(wave: Wave, header: Row, columns: ColumnMap, *, source: str, now: datetime) -> _Reading:
    if not wave.is_open:
        raise AnswersRefused([_refusal(wave, "closed" if wave.is_closed else "not_open")])
    tables = {
        row.audience: row.version.table
        for row in wave.audiences.select_related("version")
        if row.version is not None
    }
    names = dict.fromkeys(
        name
        for table in tables.values()
        for item in table.questionnaire.items
        for name in (item.name, *(column.name for column in table.columns if column.item == item.name))
    )
    found = find_columns([str(cell) for cell in header.cells], items=list(names), columns=columns)
    reading = _Reading(wave, found, columns, tables, _collectors(wave), source, now)
    if "audience" not in found.parts:
        reading.problems.append(_("There is no column “audience” (调查对象)."))
    for heading in found.missing:
        reading.problems.append(
            _("The map names a column “%(heading)s” that the file does not have.") % {"heading": heading}
        )
    for heading in found.unknown:
        sentence = _("Nothing is known of the column “%(heading)s”: map it to an item, or ignore it.")
        reading.problems.append(sentence % {"heading": heading})
    for item in [*columns.items, *columns.codes]:
        if item not in names:
            sentence = _("The map names “%(item)s”, but no questionnaire of the wave asks it.")
            reading.problems.append(sentence % {"item": item})
    if reading.problems:
        raise AnswersRefused(reading.problems)
    return reading


def _read_row(reading: _Reading, row: Row) -> None:
    written = reading.part(row, "audience")
    audience = _audience(reading, written)
    if not audience:
        asked = ", ".join(reading.tables)
        sentence = _("found the audience “%(found)s”; the wave asks: %(asked)s.")
        reading.refuse(row, sentence % {"found": written, "asked": asked})
        return
    table = reading.tables[audience]
    collector = _collector(reading, row, audience)
    received_at = _received_at(reading, row)
    language = reading.part(row, "language") or FIRST_LANGUAGE
    if language not in table.questionnaire.languages:
        languages = ", ".join(table.questionnaire.languages)
        sentence = _("found the language “%(found)s”; allowed: %(languages)s.")
        reading.refuse(row, sentence % {"found": language[:60], "languages": languages})
    sheet = _answer_sheet(reading, row, table, audience)
    submission_id = _submission_id(reading, row)
    if submission_id in reading.rows_by_id:
        sentence = _("the respondent “%(who)s” stands in row %(row)s already.")
        who, before = reading.part(row, "respondent"), reading.rows_by_id[submission_id]
        reading.refuse(row, sentence % {"who": who[:60], "row": before})
    reading.rows_by_id[submission_id] = row.number
    if collector is None or received_at is None or reading.problems:
        return
    reading.submissions.append(
        Submission(
            collector=collector, table=table, submission_id=submission_id, choices=sheet.choices,
            texts=json.dumps(sheet.texts, ensure_ascii=False) if sheet.texts else "",
            stratum=sheet.stratum, language=language, received_at=received_at,
            seconds=_seconds(reading.part(row, "seconds")), source=Source.IMPORTED,
        )
    )  # fmt: skip


def _answer_sheet(reading: _Reading, row: Row, table: AnswerTable, audience: str) -> AnswerSheet:
    """The row's answers, checked; what cannot be used is refused, what was not asked is counted."""
    kinds = {item.name: item.type for item in table.questionnaire.items}
    answers: dict[str, str | list[str]] = {}
    for name, index in reading.columns.items.items():
        written = str(row.cell(index))
        code = reading.map.codes.get(name, {}).get(written, written)
        if not code:
            continue
        item, _dot, option = name.partition(".")
        if item not in kinds:
            reading.left_out[name] += 1
        elif option and code not in (YES, NO):
            _refuse_code(reading, row, name, code, [YES, NO])
        else:
            answers[name] = _split(code) if kinds[item] == "multiple_choice" and not option else code
    sheet = table.encode(answers, audience=audience)
    for name, problem in sheet.problems:
        if problem.key != "unanswered":  # what was not answered elsewhere cannot be asked again here
            codes = [option.code for option in table.questionnaire.item(name).options]
            _refuse_code(reading, row, name, answers[name], codes)
    for name in answers:
        at = _first_position(table, name)
        if at is not None and sheet.choices[at] == NOT_ASKED_INDEX:
            reading.left_out[name] += 1
    return sheet


def _refuse_code(reading: _Reading, row: Row, name: str, found: str | list[str], codes: list[str]) -> None:
    shown = found if isinstance(found, str) else "; ".join(found)
    sentence = _("“%(item)s” is “%(found)s”; allowed: %(codes)s.")
    reading.refuse(row, sentence % {"item": name, "found": shown[:60], "codes": ", ".join(codes)})


def _first_position(table: AnswerTable, name: str) -> int | None:
    """Where the answers of an item begin; nowhere for a free text."""
    at = table.positions.get(name)
    if at is not None:
        return at
    return next((index for index, column in enumerate(table.columns) if column.item == name), None)


def _audience(reading: _Reading, written: str) -> str:
    """The audience's code, by the map, itself or its Chinese name; empty if the wave does not ask it."""
    found = reading.map.audiences.get(written, written)
    by_name = {AUDIENCES[code].name("zh-hans"): code for code in reading.tables if code in AUDIENCES}
    found = by_name.get(found, found)
    return found if found in reading.tables else ""


def _collector(reading: _Reading, row: Row, audience: str) -> Collector | None:
    """The place's poster collector. Where a whole county is asked without one, it is made."""
    school, township = reading.part(row, "school"), reading.part(row, "township")
    place = (audience, school, "" if school else township)
    known = reading.collectors.get(place) or reading.new_places.get(place)
    if known:
        return known
    if school:
        sentence = _("nobody of the audience “%(audience)s” is asked at a school with the code “%(found)s”.")
        reading.refuse(row, sentence % {"audience": audience, "found": school})
    elif township:
        sentence = _("nobody of the audience “%(audience)s” is asked in a township named “%(found)s”.")
        reading.refuse(row, sentence % {"audience": audience, "found": township})
    elif AUDIENCES[audience].scope == "school":
        sentence = _("the audience “%(audience)s” is asked at schools; give the school's code.")
        reading.refuse(row, sentence % {"audience": audience})
    else:
        reading.new_places[place] = Collector(wave=reading.wave, audience=audience, code=new_collector_code())
        return reading.new_places[place]
    return None


def _collectors(wave: Wave) -> dict[Place, Collector]:
    collectors = wave.collectors.filter(channel=Channel.POSTER).select_related("school", "township")
    return {
        (
            one.audience,
            one.school.code if one.school else "",
            one.township.name if one.township else "",
        ): one
        for one in collectors
    }


def _split(codes: str) -> list[str]:
    for mark in SEVERAL[1:]:
        codes = codes.replace(mark, SEVERAL[0])
    return [code.strip() for code in codes.split(SEVERAL[0]) if code.strip()]


def _received_at(reading: _Reading, row: Row) -> datetime | None:
    """When the answers were given; now, if the file does not say."""
    written = reading.part(row, "received_at")
    if not written:
        return reading.now
    try:
        moment = parse_datetime(written.replace("/", "-"))
    except ValueError:
        moment = None
    if moment is not None and is_naive(moment):
        moment = make_aware(moment, get_current_timezone())
    if moment is None or moment > reading.now:
        sentence = _("“%(found)s” is no time in the past; write it as 2026-09-18 20:15.")
        reading.refuse(row, sentence % {"found": written[:60]})
        return None
    return moment


def _seconds(written: str) -> float | None:
    try:
        return float(written)
    except ValueError:
        return None


def _submission_id(reading: _Reading, row: Row) -> bytes:
    who = reading.part(row, "respondent") or f"row {row.number}"
    text = f"imported answers|{reading.wave.pk}|{reading.source}|{who}"
    return hashlib.sha256(text.encode()).digest()[:16]


def _refusal(wave: Wave, reason: str) -> str:
    if reason == "closed":
        return _("The wave “%(name)s” is closed; open it again first.") % {"name": wave.name}
    return _("The wave “%(name)s” is not open yet; open it first.") % {"name": wave.name}
