"""Where am I: every page that a role may open lights exactly one tab of its navigation."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import get_resolver

from survey_site.accounts.access import Scope
from survey_site.navigation import _links

ROLES = ("bureau", "reviewer", "school", "inspector", "province")


def pages_of(role: str) -> Iterator[str]:
    """Of every page that the role may open; arguments become 1. Files and parts of pages have no navigation,
    and the front page sends schools and provinces on to their own."""
    for each in get_resolver().url_patterns:
        access = getattr(getattr(each, "callback", None), "access", ())
        path = "/" + re.sub(r"<[^>]+>", "1", str(each.pattern))
        sent_on = path == "/desk/" and role in ("school", "province")
        if (
            access != "public"
            and role in access
            and path.endswith("/")
            and path != "/desk/live/"
            and not sent_on
        ):
            yield path


@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role_lights_one_tab(role):
    unlit = {}
    for address in pages_of(role):
        lit = [
            link.label for link in _links(address, Scope(role, county=None, school=None)) if link.is_current
        ]
        if len(lit) != 1:
            unlit[address] = lit
    assert unlit == {}


@pytest.mark.parametrize(
    ("role", "address", "tab"),
    [("school", "/desk/waves/slips/batches/7/", "/desk/school/"),
     ("school", "/desk/waves/prints/7/", "/desk/school/"),
     ("school", "/desk/waves/collectors/7/show/", "/desk/school/"),
     ("school", "/desk/school/results/", "/desk/school/results/"),
     ("school", "/desk/ledger/7/", "/desk/self-check/"),
     ("bureau", "/desk/waves/slips/7/", "/desk/waves/"),
     ("bureau", "/desk/messages/new/", "/desk/waves/"),
     ("bureau", "/desk/school-figures/7/", "/desk/ledger/"),
     ("inspector", "/desk/evidence/", "/desk/evidence/")],
)  # fmt: skip
def test_page_lights_the_tab_its_breadcrumbs_begin_with(role, address, tab):
    [lit] = [one for one in _links(address, Scope(role, county=None, school=None)) if one.is_current]
    assert lit.url == tab
