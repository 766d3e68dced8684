"""What has to be done inside Django: making the county that is measured, filling it, and checking it after.

python -m bench.county make            two waves of 60 schools; prints the codes as JSON
python -m bench.county check WAVE      recounts, recomputes the seals; prints what it found as JSON
python -m bench.county command PORT    the web server's command line, one word a line
python -m bench.county tallies N       the open wave of the demonstration county as if it had N replies
python -m bench.county responses N     gives the wave N stored responses
python -m bench.county rebuild WAVE    time and memory of counting them all again
python -m bench.county session         signs the bureau in; prints the cookie
"""

from __future__ import annotations

import json
import resource
import secrets
import sys
import time
from datetime import timedelta
from decimal import Decimal

import django
import numpy as np

from bench.form import questionnaire_source

AUDIENCE = "parent"
RESPONSE_TABLE = (
    "CREATE TABLE IF NOT EXISTS bench_response (submission_id {bytes} PRIMARY KEY, collector_id bigint, "
    "stratum varchar(200), choices {bytes}, texts text, language varchar(10), seconds smallint)"
)


def make() -> dict:
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from surveys.demo.build import ROSTER
    from surveys.models import County
    from surveys.roster.checking import check_roster
    from surveys.roster.reading import read_sheets
    from surveys.roster.saving import RosterFile, import_roster

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    kind = "bytea" if connection.vendor == "postgresql" else "blob"
    with connection.cursor() as cursor:
        cursor.execute(RESPONSE_TABLE.format(bytes=kind))
    county = County.objects.create(code="990999", name="测速县")
    content, now = ROSTER.read_bytes(), timezone.now()
    sheets = read_sheets(content, file_name=ROSTER.name)
    import_roster(
        county, check_roster(sheets), file=RosterFile.of(content, name=ROSTER.name), by=None, now=now
    )
    return {name: _open_wave(county, name) for name in ("counted", "uncounted")}


def _open_wave(county, name: str) -> dict:
    from django.utils import timezone

    from surveys.waves import AudiencePlan, create_wave, open_wave

    today, now = timezone.localdate(), timezone.now()
    wave = create_wave(
        county=county, name=name, starts_on=today - timedelta(days=1), ends_on=today + timedelta(days=1),
        scoring_rule="satisfied-top2", design="all_schools", by=None, now=now,
        audiences=[AudiencePlan(audience=AUDIENCE, questionnaire_key="society", share=Decimal(1))],
    )  # fmt: skip
    open_wave(wave, by=None, now=now, sources={"society": questionnaire_source()})
    return {"wave": wave.pk, "codes": list(wave.collectors.values_list("code", flat=True))}


def check(wave_id: str) -> dict:
    from surveys.models import Response, Tally, Wave
    from surveys.tallies import check_tallies
    from surveys.verification import verify_wave

    wave = Wave.objects.get(pk=wave_id)
    return {
        "responses": Response.objects.filter(collector__wave=wave).count(),
        "counted": sum(Tally.objects.filter(collector__wave=wave).values_list("responses", flat=True)),
        "batches": wave.batches.count(),
        "differences": len(check_tallies(wave)),
        "seal_problems": len(verify_wave(wave).problems),
    }


def stored(path: str) -> dict:
    """How many of these submission ids are stored at all, and how many more than once."""
    from collections import Counter
    from pathlib import Path

    from surveys.models import Response

    asked = {bytes.fromhex(line) for line in Path(path).read_text().split()}
    times = Counter(bytes(one) for one in Response.objects.values_list("submission_id", flat=True).iterator())
    return {"stored": sum(one in times for one in asked), "twice": sum(times[one] > 1 for one in asked)}


def command(port: str) -> None:
    from survey_site.serving import web_command

    print("\n".join(web_command("127.0.0.1", int(port))))


def tallies(replies: str) -> dict:
    """Multiplies the demonstration's counts; the page's work depends on cells, and this proves it."""
    from django.core.management import call_command
    from django.db.models import Sum

    from surveys.models import County, Tally, Wave
    from surveys.tallies import COUNT_TYPE

    if not County.objects.filter(is_demo=True).exists():
        call_command("demo", verbosity=0)
    wave = Wave.objects.get(county__is_demo=True, state="open")
    rows = list(Tally.objects.filter(collector__wave=wave))
    factor = round(int(replies) / sum(row.responses for row in rows))  # whole: every count stays possible
    for row in rows:
        row.responses *= factor
        row.counts = (np.frombuffer(row.counts, COUNT_TYPE) * factor).astype(COUNT_TYPE).tobytes()
    Tally.objects.bulk_update(rows, ["responses", "counts"], batch_size=500)
    stored = Tally.objects.filter(collector__wave=wave).aggregate(total=Sum("responses"))["total"]
    return {"wave": wave.pk, "replies": stored, "cells": len(rows)}


def responses(number: str) -> dict:
    """Copies of the open wave's responses inside the database, until there are so many."""
    from django.db import connection

    from surveys.models import Response, Wave

    wave = Wave.objects.get(county__is_demo=True, state="open")
    have = Response.objects.filter(collector__wave=wave).count()
    copies = -(-(int(number) - have) // have)
    is_postgres = connection.vendor == "postgresql"
    new_id = "decode(md5(random()::text || r.id || n), 'hex')" if is_postgres else "randomblob(16)"
    numbers = (
        "generate_series(1, %s) AS n"
        if is_postgres
        else "(WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < %s) "
        "SELECT n FROM up)"
    )
    columns = (
        "collector_id, batch_id, stratum, choices, texts, language, source, received_at, seconds, salt, leaf"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO surveys_response (submission_id, {columns}) SELECT {new_id}, {columns} "
            f"FROM surveys_response r, {numbers} "
            "WHERE collector_id IN (SELECT id FROM surveys_collector WHERE wave_id = %s)",
            [copies, wave.pk],
        )
    return {"wave": wave.pk, "responses": Response.objects.filter(collector__wave=wave).count()}


def rebuild(wave_id: str) -> dict:
    from surveys.models import Wave
    from surveys.tallies import rebuild_tallies

    wave = Wave.objects.get(pk=wave_id)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    started = time.perf_counter()
    counted = rebuild_tallies(wave)
    return {
        "counted": counted,
        "seconds": time.perf_counter() - started,
        "mb_at_most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "mb_before": before,
    }


def session() -> dict:
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from survey_site.accounts.models import User
    from surveys.models import County

    county = County.objects.get(is_demo=True)
    user = User.objects.create_user(f"bureau-{secrets.token_hex(4)}", role="bureau", county=county)
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return {"cookie": f"{settings.SESSION_COOKIE_NAME}={store.session_key}"}


if __name__ == "__main__":
    django.setup()
    found = {
        one.__name__: one for one in (make, check, stored, command, tallies, responses, rebuild, session)
    }[sys.argv[1]](*sys.argv[2:])
    if found is not None:
        print(json.dumps(found))
