"""Of very few slips nobody is told how many are used: it would say who has answered."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from survey_site.accounts.models import User
from surveys.distribution.codes import slip_digest
from surveys.intake import commit_batch
from surveys.models import AccessCode, Collector, Wave
from surveys.school_day import school_days
from surveys.slip_ledger import SlipCount, void_batch
from surveys.slip_shown import hidden_counts
from tests.surveys.small_wave import a_submission, small_wave
from tests.surveys.test_slip_ledger import printed

needs_database = pytest.mark.django_db
LEAST = 10


def slips_of(*sizes: int) -> dict[int, SlipCount]:
    return {place: SlipCount(printed=size, issued=size) for place, size in enumerate(sizes)}


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [((40, 38), set()), ((9, 40, 38), {0, 2}), ((1,), {0}), ((4, 5, 40), {0, 1, 2}), ((6, 7, 40), {0, 1}),
     ((0, 40), set()), ((10, 40), set()), ((), set())],
)  # fmt: skip
def test_small_ones_and_whom_they_would_be_worked_out_from_are_hidden(sizes, hidden):
    assert hidden_counts(slips_of(*sizes), least=LEAST) == hidden


@given(st.lists(st.integers(0, 60), max_size=12), st.integers(1, 20))
def test_hidden_ones_together_never_stand_for_fewer_than_the_smallest_group(sizes, least):
    hidden = hidden_counts(slips_of(*sizes), least=least)
    assert all(place in hidden for place, size in enumerate(sizes) if 0 < size < least)
    together = sum(sizes[place] for place in hidden)
    assert not hidden or together >= least or together == sum(sizes)


@pytest.fixture
def slips() -> Collector:
    wave = small_wave(schools=1)
    made = Collector.objects.create(
        wave=wave, audience="parent", school=wave.collectors.get().school, channel="slips", code="SLIPS22222",
        location="town",
    )  # fmt: skip
    return Collector.objects.select_related("wave__county", "school__county").get(pk=made.pk)


def answered(slips: Collector, codes) -> None:
    commit_batch([a_submission(slips, slip=slip_digest(code)) for code in codes])


def client_of(slips: Collector, role: str) -> Client:
    school = slips.school if role == "school" else None
    person = User.objects.create(username=role, role=role, county=slips.wave.county, school=school)
    client = Client()
    client.force_login(person)
    return client


def numbers_in(page: str) -> list[str]:
    """What stands under the batches' headings, and in the large counts above."""
    stats = re.findall(r'class="stat"><b>([^<]*)</b><span>([^<]*)', page)
    return [f"{name}{count}" for count, name in stats]


def cells_of(page: str, batch: str) -> list[str]:
    row = re.search(rf">{batch}</a></th>(.*?)</tr>", page, re.S)[1]
    return re.findall(r'class="num"[^>]*>([^<]*)</td>', row)


@needs_database
@pytest.mark.parametrize("role", ["school", "bureau"])
def test_single_slip_of_the_head_is_not_told_on_any_page(slips, role):
    head, parents = printed(slips, label="校长", count=1), printed(slips, label="三年级1班", count=30)
    answered(slips, [*head.codes, *parents.codes[:7]])
    desk = client_of(slips, role)
    ledger = desk.get(f"/desk/waves/slips/{slips.pk}/").content.decode()
    assert cells_of(ledger, "批次1") == ["1", "—", "—", "—"]
    assert cells_of(ledger, "批次2") == ["30", "—", "—", "—"]  # with the sum above it would tell the head's
    assert "不足10张" in ledger
    for batch in (head.batch, parents.batch):
        page = desk.get(f"/desk/waves/slips/batches/{batch.pk}/").content.decode()
        assert numbers_in(page) == [f"已打印{batch.count}"]
    void = desk.get(f"/desk/waves/slips/batches/{head.batch.pk}/void/").content.decode()
    assert "未使用的答题条立即失效" in void


@needs_database
def test_entry_point_of_few_slips_is_not_told_in_sum_either(slips):
    head = printed(slips, label="校长", count=1)
    answered(slips, head.codes)
    for role, address in (
        ("school", "/desk/school/slips/"),
        ("bureau", f"/desk/waves/{slips.wave_id}/slips/"),
    ):
        page = client_of(slips, role).get(address).content.decode()
        assert numbers_in(page) == ["已打印1"]


@needs_database
def test_large_classes_are_counted_as_before(slips):
    first, second = printed(slips, label="三年级1班", count=30), printed(slips, label="三年级2班", count=30)
    answered(slips, [*first.codes[:4], *second.codes[:5]])
    page = client_of(slips, "school").get(f"/desk/waves/slips/{slips.pk}/").content.decode()
    assert cells_of(page, "批次1") == ["30", "4", "26", "0"]
    assert "不足10张" not in page


@needs_database
def test_voiding_a_small_batch_does_not_tell_either(slips):
    """One unused slip voided, or none: message, timeline and hand-out log say the same."""
    told = set()
    for is_used in (True, False):
        head = printed(slips, label="校长", count=1)
        if is_used:
            answered(slips, head.codes)
        desk = client_of(slips, "bureau" if is_used else "school")
        sent = desk.post(f"/desk/waves/slips/batches/{head.batch.pk}/void/", {"reason": "遗失"}, follow=True)
        page = re.sub(r"csrf[^>]*|批次\d|\d\d:\d\d|batches/\d+", "", sent.content.decode())
        told.add(tuple(re.findall(r"[^<>]*张[^<>]*", page)))
        states = AccessCode.objects.filter(batch=head.batch).values_list("state", flat=True)
        assert list(states) == ["used" if is_used else "void"]
    assert len(told) == 1


@needs_database
def test_page_of_a_small_batch_says_what_to_do_instead_of_printing_again(slips):
    head = printed(slips, label="校长", count=1)
    desk = client_of(slips, "school")
    address = f"/desk/waves/slips/batches/{head.batch.pk}/"
    page = desk.get(address).content.decode()
    assert f'href="{address}reprint/"' not in page
    assert "另印一批" in page
    assert "不能重印" in desk.get(f"{address}reprint/", follow=True).content.decode()


@needs_database
def test_small_class_of_the_school_s_desk_shows_its_slips_without_their_use(slips):
    small, large = printed(slips, label="一年级1班", count=8), printed(slips, label="三年级1班", count=30)
    other = printed(slips, label="三年级2班", count=30)
    answered(slips, [*small.codes[:3], *large.codes[:4], *other.codes[:5]])
    [day] = school_days([slips], now=timezone.now())
    hidden = {one.label: one.is_hidden for one in day.audiences[0].classes}
    assert hidden == {"一年级1班": True, "三年级1班": True, "三年级2班": False}
    page = client_of(slips, "school").get("/desk/school/").content.decode()
    assert "8张，使用情况不显示" in page
    assert "<b>5</b>" in page


@needs_database
def test_smallest_group_is_the_wave_s_own(slips):
    Wave.objects.filter(pk=slips.wave_id).update(minimum_group_size=5)
    printed(slips, label="三年级1班", count=6)
    page = client_of(slips, "school").get(f"/desk/waves/slips/{slips.pk}/").content.decode()
    assert cells_of(page, "批次1") == ["6", "0", "6", "0"]


@needs_database
def test_voided_large_batch_still_says_how_many(slips):
    made = printed(slips, count=30)
    void_batch(made.batch, reason="遗失", by=None, now=timezone.now())
    assert made.batch.steps.get(action="void").told_slips == 30
