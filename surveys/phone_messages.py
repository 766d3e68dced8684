"""What a phone is told when there is no questionnaire to show: one plain page each, with its HTTP status."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True)
class Message:
    """`sentences` may name %(wave)s and %(first_day)s. What the page offers besides:
    a field for the code (`ask_code`), a link to try again (`retry`)."""

    status: int
    title: Text
    sentences: tuple[Text, ...]
    sign: str = ""  # the picture above the title: "wait" or "over"
    ask_code: bool = False
    retry: bool = False


MESSAGES: dict[str, Message] = {
    "find": Message(
        200,
        _("Open your questionnaire"),
        (_("Type the code printed under the QR code. Blanks and hyphens do not matter."),),
        ask_code=True,
    ),
    "unknown": Message(
        404,
        _("We do not know this code"),
        (
            _("Please scan the QR code again, or type the code printed under it."),
            _("If that does not help, ask whoever gave you the code."),
        ),
        ask_code=True,
    ),
    "slip_needed": Message(
        403,
        _("This survey is answered with a slip"),
        (_("Please scan the QR code on your own slip, or type the code printed on it."),),
        ask_code=True,
    ),
    "not_open": Message(
        403,
        _("This survey has not begun yet"),
        (
            _("“%(wave)s” begins on %(first_day)s. Please scan the same QR code again then."),
            _("You have done nothing wrong."),
        ),
        sign="wait",
    ),
    "closed": Message(
        410,
        _("This survey is over"),
        (
            _("“%(wave)s” has ended, so no more answers can be taken."),
            _("Thank you for your interest."),
        ),
        sign="over",
    ),
    "full": Message(
        410,
        _("All places are taken, thank you"),
        (
            _("As many answers as were planned here have already arrived, so no more are taken."),
            _("You have done nothing wrong. Nothing that you may have entered was stored."),
        ),
        sign="over",
    ),
    "slip_used": Message(
        410,
        _("This slip has been used"),
        (
            _("Each slip works once, and an answer has already arrived with this one."),
            _("If it was not yours, ask whoever gave you the slip for a new one."),
        ),
        sign="over",
    ),
    "slip_void": Message(
        410,
        _("This slip is void"),
        (
            _("It was lost or replaced by a new one, so it cannot be used any more."),
            _("Please use the new slip, or ask whoever gave you this one."),
        ),
        sign="over",
    ),
    "too_many_tries": Message(
        429,
        _("Please wait a little"),
        (
            _("Too many codes have been tried that we do not know. Please try again in ten minutes."),
            _("If your slip came by hand, it is good; nothing is lost by waiting."),
        ),
        sign="wait",
    ),
    "busy": Message(
        503,
        _("Your answers are not stored yet"),
        (_("The server is very busy. Your answers are kept here: please send them again in a few seconds."),),
        sign="wait",
    ),
    "busy_empty": Message(
        503,
        _("The server is very busy"),
        (_("Please try again in a few seconds."),),
        sign="wait",
        retry=True,
    ),
    "too_long": Message(
        413,
        _("That was more than we can take"),
        (_("Please go back, shorten what you wrote and submit again."),),
    ),
    "unreadable": Message(
        400,
        _("Your answers did not arrive complete"),
        (_("The connection was probably interrupted. Please go back and submit again."),),
        retry=True,
    ),
    "no_receipt": Message(
        404,
        _("We did not give out this receipt"),
        (_("Perhaps a letter of the address was lost. A form that was submitted is stored all the same."),),
    ),
    "method": Message(
        405,
        _("This address only opens and submits a questionnaire"),
        (_("Please scan the QR code again."),),
    ),
}
