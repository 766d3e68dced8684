"""Signals lead a person to a batch; the person's decision is asked twice, traced and can be undone."""

from __future__ import annotations

import random
import secrets
from datetime import timedelta

import pytest

from analysis.answer_quality import answer_quality, is_looked_at
from analysis.sensitivity import without
from analysis.tasks import look_at_replies
from scoring.runs import estimate_now
from surveys.intake import Submission, commit_batch, void_responses
from surveys.models import Void, Wave
from surveys.queries import tally_frame
from surveys.verification import verify_wave
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
HONEST, COACHED = 40, 30
STEPS = ("satisfied", "rather_satisfied", "basically_satisfied", "dissatisfied", "dont_know")


def answer_as(
    wave: Wave, school: str, rows: list[dict[str, str]], *, seconds: list[int], minutes: list[int],
    channel: str = "poster",
) -> None:  # fmt: skip
    collector = wave.collectors.select_related("school", "wave").get(
        audience="parent", school__code=school, channel=channel
    )
    table = wave.audiences.get(audience="parent").version.table
    submissions = []
    for answers, took, minute in zip(rows, seconds, minutes, strict=True):
        sheet = table.encode({"grade_band": "g1_3", **answers}, audience="parent")
        submissions.append(
            Submission(
                collector=collector, table=table, submission_id=secrets.token_bytes(16),
                choices=sheet.choices, texts="", stratum=sheet.stratum, language="zh-hans",
                received_at=NOON + timedelta(minutes=minute), seconds=took,
            )
        )  # fmt: skip
    commit_batch(submissions)


def topics(wave: Wave) -> list[str]:
    questionnaire = wave.audiences.get(audience="parent").version.questionnaire
    return [item.name for item in questionnaire.items if item.type == "scale"]


@pytest.fixture
def wave() -> Wave:
    """Ten schools of honest, varied parents; at S003 also thirty equal sheets, done in 15 seconds; closed."""
    wave = wave_asking(county_with_schools(10), {"parent": 1.0})
    chance, items = random.Random(7), topics(wave)
    for number in range(1, 11):
        rows = [{item: chance.choices(STEPS, (5, 3, 1, 1, 0.5))[0] for item in items} for _ in range(HONEST)]
        seconds = [chance.randint(70, 240) for _ in rows]
        answer_as(
            wave, f"S{number:03}", rows, seconds=seconds, minutes=[chance.randint(0, 2000) for _ in rows]
        )
    told = dict.fromkeys(items, "satisfied") | {items[0]: "rather_satisfied"}
    answer_as(wave, "S003", [told] * COACHED, seconds=[15] * COACHED, minutes=[601] * COACHED)
    return close(wave, now=NOON + timedelta(days=3))


def test_only_the_coached_school_is_listed_with_two_independent_kinds(wave):
    found = answer_quality(wave)
    assert [one.school for one in found.schools] == ["S003"]
    assert {"answers", "pace"} <= set(found.schools[0].kinds)
    assert found.looked_at == 10 * HONEST + COACHED
    sizes = {one.basis: len(one.replies) for one in found.schools[0].batches}
    assert sizes["fast"] == COACHED and sizes["all"] == HONEST + COACHED
    assert COACHED <= len(found.marked) <= COACHED + 10


def test_list_shows_both_results_and_marks_nothing_as_removed(wave):
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/quality/"))
    assert "1 school shows two independent kinds of signals and is up for review." in page
    assert "第3小学" in page and "第4小学" not in page
    assert "Marked replies still count" in page
    assert "Nothing has been decided yet." in page


def test_voiding_needs_a_reason_and_a_second_yes_and_is_undone_by_a_second_decision(wave):
    client, before = signed_in(wave.county), estimate_now(wave)
    school = wave.collectors.get(audience="parent", school__code="S003").school
    address = f"/desk/waves/{wave.pk}/quality/{school.pk}/"
    page = client.get(address).content.decode()
    fast = next(line for line in page.split("<option")[1:] if "filled in too fast" in line)
    sent = {"decision": "void", "replies": fast.split('value="')[1].split('"')[0]}

    assert client.post(address, sent).status_code == 422
    asked = client.post(address, sent | {"reason": "told what to answer"})
    assert asked.status_code == 200 and "Void these replies?" in text(asked)
    assert not Void.objects.exists()

    done = client.post(address, sent | {"reason": "told what to answer", "confirmed": "yes"})
    assert done.status_code == 302
    void = Void.objects.get()
    assert (void.responses_count, void.by.username[:6]) == (COACHED, "bureau")
    after = estimate_now(wave)
    assert after["responses"] == before["responses"] - COACHED
    assert after["estimate"] < before["estimate"]
    assert "S003" not in [one.school for one in answer_quality(wave).schools]

    restore = f"/desk/waves/{wave.pk}/quality/restore/{void.pk}/"
    assert client.post(restore, {"reason": " "}).status_code == 422
    assert client.post(restore, {"reason": "the school explained it"}).status_code == 302
    assert estimate_now(wave)["estimate"] == before["estimate"]
    page = text(client.get(f"/desk/waves/{wave.pk}/quality/"))
    assert "told what to answer" in page and "the school explained it" in page
    assert verify_wave(wave).problems == ()


def test_replies_that_are_no_longer_those_on_the_page_are_not_voided(wave):
    client = signed_in(wave.county)
    school = wave.collectors.get(audience="parent", school__code="S003").school
    sent = {"decision": "void", "replies": "0" * 32, "reason": "x", "confirmed": "yes"}
    answer = client.post(f"/desk/waves/{wave.pk}/quality/{school.pk}/", sent)
    assert answer.status_code == 422
    assert "have changed since the page was opened" in answer.content.decode()
    assert not Void.objects.exists()


def test_keeping_is_recorded_and_changes_no_count(wave):
    client, before = signed_in(wave.county), estimate_now(wave)
    school = wave.collectors.get(audience="parent", school__code="S003").school
    sent = {"decision": "keep", "reason": "a parents' evening, seen by us"}
    assert client.post(f"/desk/waves/{wave.pk}/quality/{school.pk}/", sent).status_code == 302
    event = wave.events.get(action="replies_kept")
    assert event.detail["reason"] == "a parents' evening, seen by us"
    assert estimate_now(wave)["responses"] == before["responses"]
    assert "a parents' evening, seen by us" in text(client.get(f"/desk/waves/{wave.pk}/quality/"))


def test_school_without_two_kinds_of_signals_offers_no_decision(wave):
    school = wave.collectors.get(audience="parent", school__code="S004").school
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/quality/{school.pk}/"))
    assert "it is not up for review" in page and "Record the decision" not in page


def test_worker_reads_the_replies_once_and_a_void_makes_them_unread_again(wave):
    assert not is_looked_at(wave)
    assert look_at_replies(wave.pk) == 10 * HONEST + COACHED
    assert is_looked_at(wave)
    void_responses(answer_quality(wave).marked, wave=wave, reason="x", by=None, now=NOON)
    assert not is_looked_at(wave)


def test_counts_without_marked_replies_are_those_that_voiding_them_leaves(wave):
    marked = answer_quality(wave).marked
    left_out = without(tally_frame(wave), wave, marked)
    void_responses(marked, wave=wave, reason="x", by=None, now=NOON)
    voided = tally_frame(wave)
    assert list(left_out.cells["responses"]) == list(voided.cells["responses"])
    assert all((left_out.counts[item] == voided.counts[item]).all() for item in voided.counts)


def test_voiding_or_restoring_a_handful_warns_that_the_difference_tells_their_answers(wave):
    client = signed_in(wave.county)
    few = list(answer_quality(wave).marked[:3])
    assert len(few) < wave.minimum_group_size
    void = void_responses(few, wave=wave, reason="x", by=None, now=NOON)
    page = text(client.get(f"/desk/waves/{wave.pk}/quality/restore/{void.pk}/"))
    assert "can work out how these 3 people answered" in page
    many = void_responses(answer_quality(wave).marked, wave=wave, reason="x", by=None, now=NOON)
    assert "can work out" not in text(client.get(f"/desk/waves/{wave.pk}/quality/restore/{many.pk}/"))


def test_a_set_of_fewer_replies_than_the_smallest_group_is_voided_only_after_a_warning(wave):
    Wave.objects.filter(pk=wave.pk).update(minimum_group_size=COACHED + 10)
    client = signed_in(wave.county)
    school = wave.collectors.get(audience="parent", school__code="S003").school
    address = f"/desk/waves/{wave.pk}/quality/{school.pk}/"
    fast = next(
        line
        for line in client.get(address).content.decode().split("<option")[1:]
        if "filled in too fast" in line
    )
    sent = {"decision": "void", "replies": fast.split('value="')[1].split('"')[0], "reason": "told"}
    assert f"can work out how these {COACHED} people answered" in text(client.post(address, sent))
