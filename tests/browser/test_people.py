"""A bureau colleague in a real browser: invited, second step by app and by security key, at the desk."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
import zxingcpp
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from survey_site.accounts.invitations import invite
from tests.accounts.cast import make_cast, six_digits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_invited_colleague_sets_up_app_and_key_and_signs_in_with_it(live_server, desk_page: Page, settings):
    settings.MFA_POLICY = "demo-exempt"
    cache.clear()
    origin = live_server.url.replace("127.0.0.1", "localhost")  # browsers give keys to names, not to numbers
    cast = make_cast()
    link = invite(county=cast.county, role="bureau", by=cast.alice, now=timezone.now(), label="王主任")
    faults: list[str] = []
    desk_page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    with_keys(desk_page)

    desk_page.goto(origin + link.path)
    for field, value in (("name", "王强"), ("username", "wang"), ("password", "mountain-tea-88"),
                         ("again", "mountain-tea-88")):  # fmt: skip
        desk_page.fill(f"#id_{field}", value)
    desk_page.click("main button[type=submit]")
    expect(desk_page).to_have_url(re.compile("/accounts/2fa/$"))
    desk_page.goto(f"{origin}/desk/waves/")  # not before there is a second step
    expect(desk_page).to_have_url(re.compile("/accounts/2fa/$"))

    desk_page.click("a[href$='/totp/activate/']")
    read = zxingcpp.read_barcodes(Image.open(BytesIO(desk_page.locator("img.qr").screenshot())))
    secret = re.search(r"secret=([A-Z2-7]+)", read[0].text).group(1)
    desk_page.fill("#id_code", six_digits(secret))
    desk_page.click("main button[type=submit]")
    expect(desk_page.locator(".recovery-codes li")).to_have_count(10)

    desk_page.goto(f"{origin}/accounts/2fa/webauthn/add/")
    desk_page.click("#security_key_button")
    expect(desk_page).to_have_url(re.compile("/accounts/2fa/$"))
    assert Authenticator.objects.filter(user__username="wang", type="webauthn").count() == 1
    desk_page.goto(f"{origin}/desk/waves/")
    expect(desk_page).to_have_url(re.compile("/desk/waves/$"))

    desk_page.context.clear_cookies()
    desk_page.goto(f"{origin}/accounts/login/")
    desk_page.fill("#id_login", "wang")
    desk_page.fill("#id_password", "mountain-tea-88")
    desk_page.click("main button[type=submit]")
    expect(desk_page).to_have_url(re.compile("/accounts/2fa/authenticate/$"))
    desk_page.click("#security_key_button")
    expect(desk_page).to_have_url(re.compile("/desk/$"))
    assert faults == []


def with_keys(page: Page) -> None:
    """A security key that is plugged in and always touched."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2", "transport": "usb", "hasResidentKey": True,
                "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
            }
        },
    )  # fmt: skip
