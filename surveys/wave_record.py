"""What was written down at a wave's steps, held against what is stored now."""

from __future__ import annotations

from collections.abc import Mapping

from surveys.models import BatchKind, Wave, WaveEvent, WaveState
from surveys.plan_seal import seal_plan

STATE_AFTER = {
    "created": WaveState.DRAFT, "opened": WaveState.OPEN, "closed": WaveState.CLOSED,
    "reopened": WaveState.OPEN,
}  # fmt: skip
WORDS = {"collectors_added": "collectors were added"}
PLAN = "questionnaires, collectors, shares, design, scoring rule, smallest group, first day"


def record_problems(wave: Wave, *, digests: Mapping[int, bytes], kinds: Mapping[int, str]) -> list[str]:
    """Sentences on what does not fit the record of the wave's steps; none if all does.

    digests and kinds: of the stored batches, by number; number 0 is the empty chain. A wave without any
    record (made by a program, not at the desk) has nothing to be held against.
    """
    every = list(WaveEvent.objects.filter(wave=wave).order_by("at", "pk"))
    events = [event for event in every if event.action in STATE_AFTER]
    if not events:
        return []
    problems = []
    now_is = Wave.objects.values_list("state", flat=True).get(pk=wave.pk)
    if STATE_AFTER[events[-1].action] != now_is:
        problems.append(f"the wave is {now_is}, but its last recorded step is {events[-1].action!r}")
    for event in events:
        problems += _chain_problems(event, digests)
    problems += _late_replies(events, kinds)
    for event in every:
        if "plan" in event.detail and _differs(event, wave):
            when = WORDS.get(event.action, f"the wave was {event.action}")
            problems.append(f"the plan is not the one recorded when {when}: {PLAN}")
    return problems


def _chain_problems(event: WaveEvent, digests: Mapping[int, bytes]) -> list[str]:
    if "chain" not in event.detail:
        return []
    found = digests.get(event.detail["batches"])
    if found is not None and found.hex() == event.detail["chain"]:
        return []
    return [f"what was sealed when the wave was {event.action} on {event.at:%Y-%m-%d} is no longer there"]


def _late_replies(events: list[WaveEvent], kinds: Mapping[int, str]) -> list[str]:
    """Batches of replies sealed while the record says that the wave was closed."""
    late: list[int] = []
    for place, event in enumerate(events):
        if event.action != "closed" or "batches" not in event.detail:
            continue
        after = [one for one in events[place + 1 :] if one.action == "reopened"]
        last = after[0].detail.get("batches", event.detail["batches"]) if after else max(kinds, default=0)
        late += [
            number
            for number in range(event.detail["batches"] + 1, last + 1)
            if kinds.get(number) == BatchKind.INTAKE
        ]
    return [f"batch {number} took in replies after the wave was closed" for number in late]


def _differs(event: WaveEvent, wave: Wave) -> bool:
    """Once a wave was open its plan stays, and collectors only come in addition: every record must fit."""
    plan = event.detail["plan"]
    return seal_plan(wave, up_to=plan["last_collector"]).digest != plan["digest"]
