"""The statements of intake, written by hand: here the mapper would cost more than the database.

Every phone's answer passes through these eight statements, many answers to each. They are the same
text for SQLite and PostgreSQL, but for the row lock, which SQLite's one writer does not need. What reads
gives its answer when it is called, so that several may be `sent_together`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection

NEW_RESPONSE = (
    "submission_id", "collector_id", "batch_id", "stratum", "choices", "texts", "language", "source",
    "received_at", "seconds", "salt", "leaf",
)  # fmt: skip
NEW_BATCH = (
    "wave_id", "number", "kind", "void_id", "responses_count", "root", "previous", "digest", "sealed_at",
)  # fmt: skip


@contextmanager
def sent_together() -> Iterator[None]:
    """Sends the statements inside to PostgreSQL without waiting for each one's answer.

    They run one after the other all the same, each seeing what those before it did. Under load every wait
    costs more than the statement: the thread has to win the interpreter back from all who read forms.
    Answers may be asked for afterwards. On SQLite, which is no journey away, nothing changes.
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def lock_chains(wave_ids: Iterable[int]) -> Callable[[], dict[int, tuple[int, bytes]]]:
    """Locks the chains of these waves in id order; wave id → (length, digest)."""
    statement = "SELECT wave_id, length, digest FROM surveys_wavechain WHERE wave_id IN ({}) ORDER BY wave_id"
    if connection.features.has_select_for_no_key_update:
        statement += " FOR NO KEY UPDATE"
    rows = _select(statement, sorted(wave_ids))
    return lambda: {wave_id: (length, bytes(digest)) for wave_id, length, digest in rows()}


def wave_states(wave_ids: Iterable[int]) -> Callable[[], dict[int, tuple[str, bool]]]:
    """Of each wave its state, and whether it has hard stops. Ask after `lock_chains`, on its own.

    In one joined statement PostgreSQL would wait for the chain's row but show the wave as it was before
    the wait, and a wave closed meanwhile would still look open.
    """
    statement = "SELECT id, state, has_hard_stops FROM surveys_wave WHERE id IN ({})"
    rows = _select(statement, sorted(wave_ids))
    return lambda: {wave_id: (state, bool(has_hard_stops)) for wave_id, state, has_hard_stops in rows()}


def known_leaves(submission_ids: Iterable[bytes]) -> Callable[[], dict[bytes, bytes]]:
    """submission id → leaf, of those that are stored already."""
    rows = _select(
        "SELECT submission_id, leaf FROM surveys_response WHERE submission_id IN ({})", list(submission_ids)
    )
    return lambda: {bytes(submission_id): bytes(leaf) for submission_id, leaf in rows()}


def stored_tallies(collector_ids: Iterable[int]) -> Callable[[], dict[tuple[int, str], tuple[int, bytes]]]:
    """(collector id, stratum) → (responses, counts) of these collectors."""
    rows = _select(
        "SELECT collector_id, stratum, responses, counts FROM surveys_tally WHERE collector_id IN ({})",
        sorted(collector_ids),
    )
    return lambda: {
        (collector, stratum): (responses, counts) for collector, stratum, responses, counts in rows()
    }


def insert_batch(values: Sequence[Any]) -> int:
    """Stores a batch (in the order of NEW_BATCH); returns its id."""
    with connection.cursor() as cursor:
        cursor.execute(_insert("surveys_batch", NEW_BATCH, 1) + " RETURNING id", values)
        return cursor.fetchone()[0]


def move_chain(wave_id: int, *, length: int, digest: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE surveys_wavechain SET length = %s, digest = %s WHERE wave_id = %s",
            [length, digest, wave_id],
        )


def insert_responses(rows: Sequence[Sequence[Any]]) -> None:
    """Stores responses, each in the order of NEW_RESPONSE."""
    with connection.cursor() as cursor:
        cursor.execute(
            _insert("surveys_response", NEW_RESPONSE, len(rows)), [value for row in rows for value in row]
        )


def put_tallies(rows: Sequence[tuple[int, str, int, bytes]]) -> None:
    """Writes tallies in the order given, new ones and changed ones alike."""
    if not rows:
        return
    columns = ("collector_id", "stratum", "responses", "counts")
    with connection.cursor() as cursor:
        cursor.execute(
            _insert("surveys_tally", columns, len(rows))
            + " ON CONFLICT (collector_id, stratum)"
            + " DO UPDATE SET responses = excluded.responses, counts = excluded.counts",
            [value for row in rows for value in row],
        )


def stored_time(moment: datetime) -> Any:
    """A moment as this database keeps it."""
    return connection.ops.adapt_datetimefield_value(moment)


def _select(statement: str, values: list) -> Callable[[], list[tuple]]:
    if not values:
        return list
    cursor = connection.cursor()
    cursor.execute(statement.format(",".join(["%s"] * len(values))), values)
    return cursor.fetchall


def _insert(table: str, columns: Sequence[str], rows: int) -> str:
    one = f"({','.join(['%s'] * len(columns))})"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([one] * rows)}"  # noqa: S608 - our own names
