"""What would settle an estimate: how many more replies, and where one more is worth most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from scoring.controls import Control
from scoring.numeric.audience_states import AudienceState, smooth_variances
from scoring.numeric.outlook import Outlook, more_replies
from scoring.numeric.verdict import Verdict


def outlook_of(result: Mapping, controls: Sequence[Control], *, is_running: bool = False) -> Outlook:
    """The outlook of a wave's result (`estimate_wave`'s, open or closed), for a share.

    NotComputable without an estimate, or while an audience that counts has no answers. The state carries no
    verdict word: an open wave has none, and the numbers do not need it. is_running: audiences not heard yet
    leave their share to the others, and the variance is put together from the audiences' own, since the
    rate of an open wave and its parts do not move at the same moment.
    """
    heard = [row for row in result["audiences"] if row["share"] > 0 and row.get("estimate") is not None]
    whole = sum(row["share"] for row in heard) if is_running else 1.0
    states = smooth_variances(
        [
            AudienceState(
                row["audience"],
                row["share"] / whole,
                row["valid"],
                row["effective_n"],
                row["estimate"],
                (row["se"] or 0.0) ** 2,
            )  # fmt: skip
            for row in heard
        ]
    )
    plus = None
    if result["se"] is not None and states:
        parts = sum(one.share**2 * one.variance for one in states)
        variance = parts if is_running else result["se"] ** 2
        plus = variance + sum(one.share**2 * (one.plus - one.variance) for one in states)
    valid = sum(one.n_valid for one in states) if is_running else result["valid"]
    state = Verdict(
        "undetermined", result["estimate"], result["threshold"], result["alpha"], variance_smoothed=plus,
        n_valid=valid, df=result["df"], audiences=states,
    )  # fmt: skip
    people: dict[str, float] = {}
    for control in controls:
        if control.source != "replies":
            people[control.audience] = people.get(control.audience, 0.0) + control.people
    # An audience of unknown size sets no limit to what could still be asked.
    return more_replies(state, populations={one.audience: people.get(one.audience, inf) for one in states})
