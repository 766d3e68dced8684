"""Messages to schools: who gets them, who has read them, and what becomes of their e-mails."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from django.core import mail
from django.test import Client

from survey_site.accounts.models import User
from surveys.models import Collector, MessageToSchool, School, SchoolMessage
from surveys.school_messages import behind_schools
from tests.surveys.builders import make_county, make_school, open_wave_for
from tests.surveys.phone import Phone

Mail = MessageToSchool.Mail


@pytest.fixture
def cast(db) -> SimpleNamespace:
    """Two schools of one county, an open wave with a target of 1 each, and the people at the desks."""
    county = make_county()
    schools = [make_school(county, name=name) for name in ("甲小学", "乙小学")]
    wave = open_wave_for(county)
    Collector.objects.update(target=1)
    people = {}
    for name, role, school in (("bureau", "bureau", None), ("one", "school", 0), ("two", "school", 1)):
        user = User.objects.create(
            username=name, role=role, county=county, school=None if school is None else schools[school],
            email=f"{name}@example.cn" if name != "two" else "",
        )  # fmt: skip
        people[name] = Client()
        people[name].force_login(user)
    return SimpleNamespace(county=county, schools=schools, wave=wave, **people)


def send(cast: SimpleNamespace, *schools: School, subject: str = "请抓紧", body: str = "距截止还有两天。"):
    sent = {"subject": subject, "body": body, "school": [school.pk for school in schools]}
    return cast.bureau.post(f"/desk/messages/new/?wave={cast.wave.pk}", sent)


def test_a_message_stands_on_the_first_page_of_its_schools_until_they_have_read_it(cast):
    send(cast, cast.schools[0])
    message = SchoolMessage.objects.get()
    assert "距截止还有两天。" in cast.one.get("/desk/school/").content.decode()
    assert "距截止还有两天。" not in cast.two.get("/desk/school/").content.decode()
    copy = message.copies.get()
    done = cast.one.post(f"/desk/school/messages/{copy.pk}/read/", {"back": "desk"})
    assert done["Location"] == "/desk/school/"
    assert "距截止还有两天。" not in cast.one.get("/desk/school/").content.decode()
    assert "距截止还有两天。" in cast.one.get("/desk/school/messages/").content.decode()
    copy.refresh_from_db()
    first_read = copy.read_at
    cast.one.post(f"/desk/school/messages/{copy.pk}/read/")
    copy.refresh_from_db()
    assert (copy.read_at, copy.read_by.username) == (first_read, "one")


def test_no_school_reads_or_ticks_off_anothers_message(cast):
    send(cast, cast.schools[0])
    copy = MessageToSchool.objects.get()
    assert cast.two.post(f"/desk/school/messages/{copy.pk}/read/").status_code == 404
    assert "请抓紧" not in cast.two.get("/desk/school/messages/").content.decode()
    copy.refresh_from_db()
    assert copy.read_at is None


def test_a_reminder_is_filled_in_for_the_schools_behind(cast):
    Phone().answer(Collector.objects.get(school=cast.schools[0]))
    assert [row.school.name for row in behind_schools(cast.wave)] == ["乙小学"]
    page = cast.bureau.get("/desk/messages/new/", {"wave": cast.wave.pk, "to": "behind"}).content.decode()
    assert cast.wave.name in page
    assert f'value="{cast.schools[1].pk}" checked' in page
    assert f'value="{cast.schools[0].pk}" checked' not in page


def test_all_schools_get_what_is_sent_to_all_and_the_bureau_sees_who_has_read(cast):
    cast.bureau.post("/desk/messages/new/", {"subject": "通知", "body": "全体。", "to": "all"})
    message = SchoolMessage.objects.get()
    assert message.copies.count() == 2
    copy = message.copies.get(school=cast.schools[0])
    cast.one.post(f"/desk/school/messages/{copy.pk}/read/")
    unread = cast.bureau.get(f"/desk/messages/{message.pk}/", {"show": "unread"}).content.decode()
    assert ("甲小学" in unread, "乙小学" in unread) == (False, True)


@pytest.mark.parametrize("missing", [{"subject": ""}, {"body": "  "}, {"body": "长" * 2001}])
def test_an_unfinished_message_is_not_sent(cast, missing):
    assert send(cast, cast.schools[0], **missing).status_code == 422
    assert not SchoolMessage.objects.exists()


def test_a_message_to_nobody_is_not_sent(cast):
    other = make_school(make_county(name="禄溪县"))
    assert send(cast).status_code == 422
    assert send(cast, other).status_code == 422
    assert not SchoolMessage.objects.exists()


def test_without_email_url_no_mail_is_sent(cast, settings):
    settings.EMAIL_URL = ""
    send(cast, *cast.schools)
    assert mail.outbox == []
    assert set(MessageToSchool.objects.values_list("mail", flat=True)) == {Mail.NONE}


def test_with_email_url_the_schools_users_get_it_and_a_missing_address_is_shown(cast, settings):
    settings.EMAIL_URL = "smtp://mail.example.cn?from=renke@example.cn"
    send(cast, *cast.schools)
    assert [(one.to, one.subject) for one in mail.outbox] == [(["one@example.cn"], "请抓紧")]
    states = dict(MessageToSchool.objects.values_list("school__name", "mail"))
    assert states == {"甲小学": Mail.SENT, "乙小学": Mail.NO_ADDRESS}


def test_a_mail_that_failed_is_shown_and_neither_log_nor_page_holds_its_secrets(cast, settings, caplog):
    """A real SMTP client against a port where nobody listens."""
    settings.EMAIL_URL = "smtp://renke:secret-word@127.0.0.1:9?from=renke@example.cn"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_HOST_PASSWORD = "127.0.0.1", 9, "secret-word"
    with caplog.at_level(logging.INFO):
        send(cast, cast.schools[0])
    copy = MessageToSchool.objects.get()
    assert (copy.mail, copy.mail_problem) == (Mail.FAILED, ConnectionRefusedError.__name__)
    shown = cast.bureau.get(f"/desk/messages/{copy.message_id}/").content.decode()
    assert ConnectionRefusedError.__name__ in shown
    for secret in ("secret-word", "one@example.cn"):
        assert secret not in caplog.text + shown
