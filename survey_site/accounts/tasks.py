"""Work in the background about people: e-mail to the schools' users. Ids in, safe to repeat."""

from __future__ import annotations

import logging
from smtplib import SMTPException, SMTPResponseException

from celery import shared_task
from django.core.mail import EmailMessage, get_connection

from survey_site.accounts.models import Role, User
from surveys.models import MessageToSchool, SchoolMessage

logger = logging.getLogger(__name__)
Mail = MessageToSchool.Mail


@shared_task
def mail_school_message(message_id: int) -> int:
    """E-mails every copy that still waits; returns how many went out. A failure is kept beside its copy.

    Neither the log nor the kept reason holds an address, a password or the server's own words.
    """
    message = SchoolMessage.objects.get(pk=message_id)
    waiting = list(message.copies.filter(mail=Mail.WAITING).order_by("pk"))
    sent = 0
    connection = get_connection()
    for copy in waiting:
        users = User.objects.filter(role=Role.SCHOOL, school=copy.school_id, is_active=True).exclude(email="")
        addresses = list(users.order_by("pk").values_list("email", flat=True))
        state, problem = (Mail.NO_ADDRESS, "") if not addresses else (Mail.SENT, "")
        if addresses:
            try:
                EmailMessage(message.subject, message.body, to=addresses, connection=connection).send()
            except (SMTPException, OSError) as error:
                code = f" {error.smtp_code}" if isinstance(error, SMTPResponseException) else ""
                state, problem = Mail.FAILED, f"{type(error).__name__}{code}"
                logger.error("Message %s, copy %s was not mailed: %s", message_id, copy.pk, problem)
            else:
                sent += 1
        MessageToSchool.objects.filter(pk=copy.pk, mail=Mail.WAITING).update(mail=state, mail_problem=problem)
    return sent
