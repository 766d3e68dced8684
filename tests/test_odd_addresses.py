"""What nobody types but a script sends: a page answers, on every database, whatever its address asks for."""

from __future__ import annotations

import pytest
from django.test import Client

from survey_site.accounts.models import User
from tests.surveys.builders import make_county, make_school, open_wave_for

pytestmark = pytest.mark.django_db
# No database takes the first; the second is a digit to Python, and no number.
ODD = ("a%00b", "²²²²", "9" * 30, "s:²", "%F0%9F%98%80", "%ED%A0%80")
LISTS = {
    "/desk/indicators/headings/": ("q", "page"),
    "/desk/tasks/": ("year", "standard"),
    "/desk/ledger/": ("q", "year", "owner", "view"),
    "/desk/waves/{wave}/collectors/": ("q", "audience", "township", "school", "sort"),
    "/desk/waves/{wave}/slips/": ("q", "audience", "sort"),
}


@pytest.mark.parametrize("address", LISTS)
def test_odd_words_in_an_address_still_bring_the_list(address):
    county = make_county()
    make_school(county)
    wave = open_wave_for(county)
    desk = Client()
    desk.force_login(User.objects.create(username="bureau", role="bureau", county=county))
    for name in LISTS[address]:
        for word in ODD:
            answer = desk.get(f"{address.format(wave=wave.pk)}?{name}={word}")
            assert answer.status_code == 200, (name, word)
