"""Giving somebody an account. There is no signing up: the bureau or an operator does it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError

from survey_site.accounts.models import Role, User
from surveys.distribution.codes import ALPHABET
from surveys.models import County, School

PASSWORD_GROUPS = 4
GROUP_LENGTH = 4


class AccountRefused(Exception):
    """An account that cannot be made; the sentence says what to change."""


@dataclass(frozen=True)
class NewAccount:
    """A user and the password that was made for them, which is shown once and stored nowhere in clear."""

    user: User
    password: str


def add_user(
    username: str, *, role: str = "", county: County | None = None, school: School | None = None,
    counties: Sequence[County] = (), is_operator: bool = False,
) -> NewAccount:  # fmt: skip
    """Makes an account with a generated password. An operator may use /admin/ and needs no role; a
    province user reads the summaries of `counties` and belongs to none of them."""
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise AccountRefused(
            f"The user name {username!r} cannot be used: letters, digits and @ . + - _ only."
        ) from error
    if User.objects.filter(username=username).exists():
        raise AccountRefused(f"There is a user named {username!r} already; choose another name.")
    if role and role not in Role.values:
        raise AccountRefused(f"There is no role {role!r}: {', '.join(Role.values)}.")
    if not role and not is_operator:
        raise AccountRefused(f"Say the role: {', '.join(Role.values)}.")
    if role == Role.PROVINCE:
        if county is not None or not counties:
            raise AccountRefused("A province user reads several counties and belongs to none; name them.")
    elif role and county is None:
        raise AccountRefused(f"A user with the role {role} belongs to a county; name it.")
    if (role == Role.SCHOOL) != (school is not None):
        raise AccountRefused("A school user, and nobody else, belongs to a school; name it.")
    password = new_password()
    user = User.objects.create(
        username=username, password=make_password(password), role=role, county=county, school=school,
        is_staff=is_operator, is_superuser=is_operator,
    )  # fmt: skip
    user.counties.set(counties)
    return NewAccount(user, password)


def new_password() -> str:
    """79 random bits in four groups without look-alikes, such as k7m2-9pqx-4dfw-h3nt: typed on phones too."""
    letters = ALPHABET.lower()
    groups = ("".join(secrets.choice(letters) for _ in range(GROUP_LENGTH)) for _ in range(PASSWORD_GROUPS))
    return "-".join(groups)
