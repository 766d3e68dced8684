"""The hard stops of a wave one by one: how many replies each has, and how many places are left."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from surveys.asked_places import place_names
from surveys.models import Channel, Wave
from surveys.queries import replies_by_collector


@dataclass(frozen=True)
class StopStand:
    """One hard stop and the valid replies under it; `channel` "" counts posters and slips together."""

    audience: str
    name: str
    school_id: int | None
    township_id: int | None
    channel: str
    limit: int
    replies: int

    @property
    def left(self) -> int:
        return max(0, self.limit - self.replies)

    @property
    def beyond(self) -> int:
        """Replies more than the limit: put aside and taken back after others had filled their places."""
        return max(0, self.replies - self.limit)

    @property
    def channel_name(self) -> str:
        return str(Channel(self.channel).label) if self.channel else ""


def hard_stop_list(wave: Wave) -> list[StopStand]:
    """Those that are reached first, then the ones with the fewest places left; [] where there is none."""
    if not wave.has_hard_stops:
        return []
    names = place_names(wave)
    counted = replies_by_collector(wave)
    under: dict[tuple, int] = defaultdict(int)
    for pk, audience, school, township, channel in wave.collectors.order_by().values_list(
        "pk", "audience", "school_id", "township_id", "channel"
    ):
        places = {(school, township), (None, None)}
        for key in ((audience, *place, one) for place in places for one in ("", channel)):
            under[key] += counted.get(pk, 0)
    found = [
        StopStand(
            one.audience, names[one.school_id, one.township_id][0], one.school_id, one.township_id,
            one.channel, one.limit, under[one.audience, one.school_id, one.township_id, one.channel],
        )
        for one in wave.hard_stops.all()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.left, one.name, one.audience, one.channel))
