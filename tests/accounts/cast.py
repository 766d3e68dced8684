"""Alice of the bureau, Bob her colleague, a school's teacher, and Charlie of another county."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
import time
from dataclasses import dataclass

import pytest
from django.test import Client

from survey_site.accounts.models import User
from surveys.models import County, School
from tests.surveys.builders import make_county, make_school

PASSWORD = "long-enough-2026"


@dataclass(frozen=True)
class Cast:
    county: County
    school: School
    alice: User
    bob: User
    teacher: User
    charlie: User


def make_cast() -> Cast:
    county, other = make_county(name="云川县"), make_county(name="禄溪县")
    school = make_school(county, name="云川甲小学")

    def person(name: str, **fields: object) -> User:
        user = User(username=name, **fields)
        user.set_password(PASSWORD)
        user.save()
        return user

    return Cast(
        county=county, school=school,
        alice=person("alice", role="bureau", county=county),
        bob=person("bob", role="bureau", county=county),
        teacher=person("teacher", role="school", county=county, school=school),
        charlie=person("charlie", role="bureau", county=other),
    )  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def sign_in(client: Client, name: str, password: str = PASSWORD):
    return client.post("/accounts/login/", {"login": name, "password": password})


def six_digits(secret: str) -> str:
    """The code an app shows now (RFC 6238), worked out here and not by the library under test."""
    key = base64.b32decode(secret)
    told = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    offset = told[-1] & 15
    number = struct.unpack(">I", told[offset : offset + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06}"


needs_database = pytest.mark.django_db
