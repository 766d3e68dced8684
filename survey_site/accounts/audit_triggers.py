"""The audit log's last line of defence: triggers by which the database itself refuses changes.

PostgreSQL's TRUNCATE passes by row triggers; `verify_audit` notices what is missing afterwards. A migration
that alters the table on SQLite makes it anew, without triggers: it ends with `install`.
"""

from __future__ import annotations

from typing import Any

TABLE = "accounts_auditentry"
SENTENCE = "The audit log is only written to"
ACTS = ("UPDATE", "DELETE")


def install(connection: Any) -> None:
    """Makes UPDATE and DELETE on the log fail; may be run twice. Other databases go without."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for act in ACTS:
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS audit_no_{act.lower()} BEFORE {act} ON {TABLE} "
                    f"BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"
                )
        elif connection.vendor == "postgresql":
            cursor.execute(
                "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{SENTENCE}'; END $$"
            )
            for act in ACTS:
                cursor.execute(
                    f"CREATE OR REPLACE TRIGGER audit_no_{act.lower()} BEFORE {act} ON {TABLE} "
                    "FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
                )


def remove(connection: Any) -> None:
    with connection.cursor() as cursor:
        for act in ACTS:
            name = f"audit_no_{act.lower()}"
            where = f" ON {TABLE}" if connection.vendor == "postgresql" else ""
            if connection.vendor in ("sqlite", "postgresql"):
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION IF EXISTS audit_refuse()")
