"""Links that were just made: shown this once, printed, sent or saved as a table."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from smtplib import SMTPException

import xlsxwriter
from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from survey_site.accounts.invitations import NewLink, readable
from survey_site.accounts.models import Invitation, Purpose
from surveys.distribution.links import origin_of
from surveys.distribution.qr import qr_svg
from surveys.views.xlsx_files import xlsx_download

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShownLink:
    """A link as it is handed over: address, code in groups, QR code as a picture of the page itself."""

    invitation: Invitation
    address: str
    code: str
    picture: str


def can_mail() -> bool:
    return bool(settings.EMAIL_URL)


def show_links(request: HttpRequest, links: Sequence[NewLink]) -> HttpResponse:
    """The page with the links, or with ?as=table of the form the same as a spreadsheet.

    It is the answer to the form itself: what is not stored cannot be shown at an address of its own.
    """
    shown = [_shown(request, link) for link in links]
    _mail(request, shown)
    if request.POST.get("as") == "table":
        return _spreadsheet(shown)
    response = render(request, "desk/people/links.html", {"links": shown, "county": request.scope.county})
    response["Cache-Control"] = "no-store"
    return response


def _shown(request: HttpRequest, link: NewLink) -> ShownLink:
    address = origin_of(request) + link.path
    picture = "data:image/svg+xml;base64," + b64encode(qr_svg(address)).decode()
    return ShownLink(link.invitation, address, readable(link.code), picture)


def _mail(request: HttpRequest, shown: Sequence[ShownLink]) -> None:
    """To those whose address is known, where the operators set up mail. The link stays on the page too."""
    if not can_mail():
        return
    for each in shown:
        if not each.invitation.email:
            continue
        is_password = each.invitation.purpose == Purpose.PASSWORD
        subject = _("A new password for Renke") if is_password else _("Invitation to Renke")
        told = {
            "county": each.invitation.county.bureau_name, "address": each.address,
            "until": date_format(timezone.localtime(each.invitation.expires_at), "DATETIME_FORMAT"),
        }  # fmt: skip
        text = _(
            "%(county)s sends you this link. It works once, until %(until)s:\n\n%(address)s\n\n"
            "If you expected nothing of the kind, leave it alone and ask the bureau."
        )
        try:
            send_mail(subject, text % told, None, [each.invitation.email])
        except (OSError, SMTPException):
            logger.exception("The link %s could not be mailed", each.invitation.pk)
            messages.warning(
                request,
                _("The mail to %(address)s could not be sent; hand the link over another way.")
                % {"address": each.invitation.email},
            )
        else:
            messages.success(
                request, _("The link was mailed to %(address)s.") % {"address": each.invitation.email}
            )


def _spreadsheet(shown: Sequence[ShownLink]) -> HttpResponse:
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False,
                                      "strings_to_urls": False}) as book:  # fmt: skip
        sheet = book.add_worksheet(_("Invitations"))
        bold = book.add_format({"bold": True})
        headings = [
            _("School code"),
            _("School"),
            _("For whom"),
            _("Role"),
            _("Link"),
            _("Invitation code"),
            _("Valid until"),
        ]
        sheet.write_row(0, 0, headings, bold)
        for row, each in enumerate(shown, 1):
            invitation = each.invitation
            school = invitation.school
            until = timezone.localtime(invitation.expires_at).strftime("%Y-%m-%d %H:%M")
            sheet.write_row(
                row, 0,
                [
                    school.code if school else "", school.name if school else "", invitation.label,
                    invitation.get_role_display(), each.address, each.code, until,
                ],
            )  # fmt: skip
        sheet.set_column(0, 0, 12)
        sheet.set_column(1, 3, 24)
        sheet.set_column(4, 4, 52)
        sheet.set_column(5, 6, 22)
        sheet.freeze_panes(1, 0)
    return xlsx_download(buffer.getvalue(), name="invitations.xlsx")
