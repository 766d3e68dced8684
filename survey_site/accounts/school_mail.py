"""Messages to schools by e-mail: the addresses of the schools' users, and handing a message to the worker."""

from __future__ import annotations

import logging
from collections import defaultdict

from django.conf import settings
from kombu.exceptions import OperationalError

from survey_site.accounts.models import Role, User
from survey_site.accounts.tasks import mail_school_message
from surveys.models import County, MessageToSchool

logger = logging.getLogger(__name__)


def school_addresses(county: County) -> dict[int, list[str]] | None:
    """School id → addresses of its users; None where this server sends no e-mail (EMAIL_URL is not set)."""
    if not settings.EMAIL_URL:
        return None
    users = User.objects.filter(county=county, role=Role.SCHOOL, is_active=True).exclude(email="")
    found: dict[int, list[str]] = defaultdict(list)
    for school, address in users.order_by("pk").values_list("school_id", "email"):
        found[school].append(address)
    return dict(found)


def post_school_message(message_id: int) -> None:
    """Gives the message to the worker. Without a queue its e-mails count as failed, and the desk says so."""
    try:
        mail_school_message.delay(message_id)
    except (OperationalError, ConnectionError) as error:
        logger.error("Message %s could not be queued: %s", message_id, type(error).__name__)
        waiting = MessageToSchool.objects.filter(message=message_id, mail=MessageToSchool.Mail.WAITING)
        waiting.update(mail=MessageToSchool.Mail.FAILED, mail_problem=type(error).__name__)
