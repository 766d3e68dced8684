"""The audit log: what earns a row, what never stands in it, and that a changed or missing row is noticed."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone
from openpyxl import load_workbook

from survey_site.accounts import audit_triggers
from survey_site.accounts.audit import chain_problems, record
from survey_site.accounts.audit_phrases import PHRASES
from survey_site.accounts.models import AuditChain, AuditEntry, AuditRefused
from surveys.models import Wave
from tests.accounts.cast import PASSWORD, make_cast, sign_in, signed_in
from tests.surveys.builders import make_school, make_wave, open_wave_for
from tests.test_access import cast as access_cast  # noqa: F401
from tests.test_access import guarded, walk

pytestmark = pytest.mark.django_db


def entries(county) -> list[tuple[str, str, str, str]]:
    rows = AuditEntry.objects.filter(chain__county=county).order_by("number")
    return list(rows.values_list("person_name", "action", "about", "outcome"))


def three_rows() -> AuditChain:
    cast = make_cast()
    for name in ("甲", "乙", "丙"):
        record("wave_close", county=cast.county, person=cast.alice, about=name, now=timezone.now())
    return AuditChain.objects.get(county=cast.county)


def without_trigger(sql: str, *values: object) -> None:
    """As somebody would who holds the database's password."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def test_each_change_at_the_desk_earns_a_row_and_reading_does_not():
    cast = make_cast()
    wave = open_wave_for(cast.county)
    client = signed_in(cast.alice)
    client.get("/desk/waves/")
    client.get(f"/desk/waves/{wave.pk}/close/")
    client.post(f"/desk/waves/{wave.pk}/close/", {"reason": "提前完成"})
    client.post(f"/desk/waves/{wave.pk}/reopen/", {"reason": ""})  # sent back: no reason
    client.post(f"/desk/waves/{wave.pk}/close/")  # refused: closed already
    assert entries(cast.county) == [
        ("alice", "wave_close", f"{wave.name}（提前完成）", "done"),
        ("alice", "wave_close", wave.name, "refused"),
    ]
    row = AuditEntry.objects.get(number=1)
    assert (row.role, row.page) == ("bureau", f"/desk/waves/{wave.pk}/close/")


def test_deleted_draft_keeps_its_name_in_the_log():
    cast = make_cast()
    wave = make_wave(cast.county, name="草稿甲")
    signed_in(cast.alice).post(f"/desk/waves/{wave.pk}/delete/")
    assert not Wave.objects.filter(pk=wave.pk).exists()
    assert entries(cast.county) == [("alice", "wave_delete", "草稿甲", "done")]


def test_signing_in_wrongly_rightly_and_out_is_recorded():
    cast = make_cast()
    client = Client()
    sign_in(client, "alice", "not-the-password")
    sign_in(client, "nobody-of-this-name", "not-the-password")
    sign_in(client, "alice")
    client.post("/accounts/logout/")
    assert entries(cast.county) == [
        ("", "sign_in_failed", "alice", "failed"),
        ("alice", "sign_in", "", "done"),
        ("alice", "sign_out", "", "done"),
    ]
    assert AuditEntry.objects.count() == 3  # a made-up name is no event of anybody's
    assert PASSWORD not in str(list(AuditEntry.objects.values_list()))


def test_downloads_and_refused_acts_are_recorded():
    cast = make_cast()
    signed_in(cast.alice).get("/desk/roster/form.xlsx")
    signed_in(cast.teacher).post("/desk/people/invite/", {"role": "bureau"})
    signed_in(cast.teacher).get("/desk/people/")
    assert entries(cast.county) == [
        ("alice", "roster_form", "", "done"),
        ("teacher", "person_invite", "", "refused"),
    ]


def test_other_countys_object_is_never_named_in_the_log():
    cast = make_cast()
    make_school(cast.charlie.county, name="禄溪小学")
    theirs = open_wave_for(cast.charlie.county)
    Wave.objects.filter(pk=theirs.pk).update(name="禄溪秋季")
    signed_in(cast.teacher).post(f"/desk/waves/{theirs.pk}/close/")
    assert entries(cast.county) == [("teacher", "wave_close", f"#{theirs.pk}", "refused")]
    assert entries(cast.charlie.county) == []


def test_every_changing_page_has_words_for_the_log(access_cast):  # noqa: F811
    """A page that takes a form, or hands out a file, needs a phrase in audit_phrases.py."""
    names = {str(each.pattern): each.name for each in get_resolver().url_patterns if hasattr(each, "name")}
    nameless = set()
    for page in guarded():
        for what, response in walk(access_cast.users["bureau"], access_cast.own, [page], ("POST", "GET")):
            is_file = response.get("Content-Disposition", "").startswith("attachment")
            changes = what.startswith("POST") and response.status_code not in (403, 405)
            if (changes or is_file) and names[page.route] not in PHRASES:
                nameless.add(names[page.route])
    assert nameless == set()


def test_rows_cannot_be_changed_through_the_program():
    three_rows()
    entry = AuditEntry.objects.first()
    for act in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(about=""),
        lambda: AuditEntry.objects.bulk_update([entry], ["about"]),
    ):
        with pytest.raises(AuditRefused):
            act()


def test_database_refuses_too():
    three_rows()
    audit_triggers.install(connection)
    for sql in ("UPDATE accounts_auditentry SET about = ''", "DELETE FROM accounts_auditentry"):
        with pytest.raises(DatabaseError, match="only written to"), transaction.atomic():
            without_trigger(sql)
    audit_triggers.remove(connection)
    assert AuditEntry.objects.count() == 3


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("UPDATE accounts_auditentry SET about = '丁' WHERE number = 2", "第2条与写入时不一致。"),
        ("DELETE FROM accounts_auditentry WHERE number = 2", "缺少第2条至第2条。"),
        ("DELETE FROM accounts_auditentry WHERE number = 3", "日志应有3条，实际止于第2条。"),
    ],
)
def test_changed_or_removed_row_is_noticed(sql, sentence):
    chain = three_rows()
    assert chain_problems(chain) == []
    without_trigger(sql)
    assert chain_problems(chain) == [sentence]
    with pytest.raises(CommandError):
        call_command("verify_audit", stdout=io.StringIO())


def test_log_is_searched_paged_checked_and_saved_for_the_own_county_only():
    cast = make_cast()
    for number in range(60):
        record("wave_close", county=cast.county, person=cast.alice, about=f"批次{number}", now=timezone.now())
    record("wave_open", county=cast.county, person=cast.bob, about="春季", now=timezone.now())
    record("wave_open", county=cast.charlie.county, person=cast.charlie, about="禄溪秋季", now=timezone.now())
    client = signed_in(cast.alice)
    today = timezone.localdate().isoformat()

    def rows(query: str) -> int:
        page = client.get(f"/desk/audit/?{query}")
        assert "禄溪" not in page.content.decode()
        return page.context["page"].paginator.count

    found = [rows(query) for query in ("", "q=春季", "q=开启", f"person={cast.bob.pk}", "action=wave_close")]
    assert found == [61, 1, 1, 1, 60]
    days = (f"since={today}&until={today}", "since=2999-01-01", "since=now&page=9")
    found = [rows(query) for query in days]
    assert found == [61, 0, 61]
    assert "全部61条记录齐全" in client.get("/desk/audit/?check=1").content.decode()
    table = load_workbook(io.BytesIO(client.get("/desk/audit.xlsx?q=春季").content)).active
    assert [row[4:6] for row in table.values][1:] == [("开启调查批次", "春季")]


def test_request_without_a_person_earns_no_row():
    request = HttpRequest()
    request.user = AnonymousUser()
    Client().post("/desk/people/invite/", {"role": "bureau"})
    assert AuditEntry.objects.count() == 0
