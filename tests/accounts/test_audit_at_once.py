"""Acts of one moment: the chain has no gap, no fork and no row twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from survey_site.accounts.audit import chain_problems, record
from survey_site.accounts.invitations import InvitationRefused, find, invite, join
from survey_site.accounts.models import AuditChain, User
from tests.accounts.cast import make_cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_forty_acts_at_once_make_one_chain():
    cast = make_cast()

    def act(number: int) -> None:
        try:
            record("wave_close", county=cast.county, person=cast.alice, about=str(number), now=timezone.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(act, range(40)))
    chain = AuditChain.objects.get(county=cast.county)
    assert chain.length == 40
    assert chain_problems(chain) == []


def test_one_link_used_by_eight_at_once_makes_one_account():
    cast = make_cast()
    code = invite(county=cast.county, role="reviewer", by=cast.alice, now=timezone.now()).code

    def use(number: int) -> bool:
        try:
            name = f"person{number}"
            join(find(code), username=name, name=name, password="mountain-tea-88", now=timezone.now())
        except InvitationRefused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(use, range(8))) == 1
    assert User.objects.filter(role="reviewer").count() == 1
