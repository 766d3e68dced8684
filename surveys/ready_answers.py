"""Ready-made answers (collected elsewhere) → an open wave, all of them or none, reported as imported.

One row of the file is one respondent: audience, school code or township (or neither: the whole county),
and a column per item. Everything is checked before anything is stored. A row keeps its identity by file
and respondent, so importing the same file again stores nothing twice.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from surveys.answer_columns import ColumnMap, find_columns
from surveys.answer_rows import Place, RowReader
from surveys.intake import IntakeRefused, Submission, commit_batch
from surveys.models import Channel, Collector, Wave, WaveEvent
from surveys.roster.cells import Limits, RosterFileError, Row
from surveys.roster.reading import read_sheets

ANSWER_LIMITS = Limits(
    file_bytes=100 * 1024**2, unpacked_bytes=400 * 1024**2, rows=1_000_000, cells=50_000_000
)
BATCH_SIZE = 200


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
    reader = _reader(wave, header, columns or ColumnMap(), source=source_name or digest, now=now)
    for row in rows:
        reader.read(row)
    if reader.problems:
        raise AnswersRefused(reader.problems, more=reader.more_problems)
    with transaction.atomic():
        for place in reader.new_places.values():
            place.save()
        counted = Counter(_stored_audiences(reader.submissions))
        stored = sum(counted.values())
        detail = {
            "file": file_name, "sha256": digest, "source": source_name, "stored": stored,
            "repeated": len(reader.submissions) - stored,
        }  # fmt: skip
        WaveEvent.objects.create(wave=wave, action="answers_imported", by=by, at=now, detail=detail)
    return ImportedAnswers(
        stored=stored,
        repeated=len(reader.submissions) - stored,
        by_audience=dict(counted),
        left_out=dict(reader.left_out),
        without_column=reader.columns.without_column,
        new_collectors=len(reader.new_places),
    )


def _stored_audiences(submissions: Sequence[Submission]) -> Iterator[str]:
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


def _reader(wave: Wave, header: Row, columns: ColumnMap, *, source: str, now: datetime) -> RowReader:
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
    reader = RowReader(wave, found, columns, tables, _collectors(wave), source, now)
    if "audience" not in found.parts:
        reader.problems.append(_("There is no column “audience” (调查对象)."))
    for heading in found.missing:
        reader.problems.append(
            _("The map names a column “%(heading)s” that the file does not have.") % {"heading": heading}
        )
    for heading in found.unknown:
        sentence = _("Nothing is known of the column “%(heading)s”: map it to an item, or ignore it.")
        reader.problems.append(sentence % {"heading": heading})
    for item in [*columns.items, *columns.codes]:
        if item not in names:
            sentence = _("The map names “%(item)s”, but no questionnaire of the wave asks it.")
            reader.problems.append(sentence % {"item": item})
    if reader.problems:
        raise AnswersRefused(reader.problems)
    return reader


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


def _refusal(wave: Wave, reason: str) -> str:
    if reason == "closed":
        return _("The wave “%(name)s” is closed; open it again first.") % {"name": wave.name}
    return _("The wave “%(name)s” is not open yet; open it first.") % {"name": wave.name}
