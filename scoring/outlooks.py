"""What would settle an estimate: how many more replies, and where one more is worth most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.controls import Control
from scoring.numeric.outlook import Outlook, more_replies
from scoring.numeric.verdict import AudienceState, Verdict, smooth_variances


def outlook_of(result: Mapping, controls: Sequence[Control]) -> Outlook:
    """The outlook of a wave's result (`estimate_wave`'s, open or closed), for a share.

    NotComputable without an estimate, or while an audience that counts has no answers. The state carries no
    verdict word: an open wave has none, and the numbers do not need it.
    """
    states = smooth_variances(
        [
            AudienceState(
                row["audience"],
                row["share"],
                row["valid"],
                row["effective_n"],
                row["estimate"],
                row["se"] ** 2,
            )
            for row in result["audiences"]
            if row["share"] > 0 and row.get("estimate") is not None
        ]
    )
    variance = None if result["se"] is None else result["se"] ** 2
    plus = None
    if variance is not None:
        plus = variance + sum(one.share**2 * (one.plus - one.variance) for one in states)
    state = Verdict(
        "undetermined", result["estimate"], result["threshold"], result["alpha"], variance=variance,
        variance_smoothed=plus, n_valid=result["valid"], df=result["df"], audiences=states,
    )  # fmt: skip
    people: dict[str, float] = {}
    for control in controls:
        if control.source != "replies":
            people[control.audience] = people.get(control.audience, 0.0) + control.people
    # An audience of unknown size sets no limit to what could still be asked.
    everybody = {one.audience: people.get(one.audience, float("inf")) for one in states}
    return more_replies(state, populations=everybody)
