"""Which figures stay hidden, so that no small group's answer can be read or worked out.

One layer for screens, files and reports: they show what `hide_small_groups` returns, never the result
itself. A figure of fewer valid answers than the wave's smallest group is hidden. Where the figures that
are left, together with a shown total, would give a hidden one by subtraction, the next smallest figure is
hidden with it (complementary hiding). The totals that tie a wave's figures together:

- the county's rate is the composite of its audiences (their shares are printed), and of its locations;
- a school's rate is made of its audiences; an audience's county rate is made of the schools' audiences;
- a location's rate is made of the audiences of its schools, and of audiences not asked at schools;
- a topic's rate is made of its audiences.

An item's options share one base: the whole distribution is shown or none of it. Counts of replies are not
answers and stay visible: everybody watches them during fieldwork.

The weights inside those totals are taken to be known to the reader and figures to be printed unrounded;
both err on the side of hiding. While an audience is hidden, the county's rate stands with one interval and
the bounds of its verdict alone. Not covered: guesses from these, or knowing what somebody answered.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Figure = Hashable
Reason = Literal["few", "together", "running", "waiting"]

# What goes when a figure goes. Replies (`responses`) stay; don't-know and blank are answers.
ANSWERS = (
    "estimate", "se", "se_smoothed", "interval", "interval_design_based", "valid", "dont_know", "blank",
    "weights", "effective_n", "df", "part_of_variance",
)  # fmt: skip

# Spreads of the county's rate beside its interval.
SECOND = ("se", "df", "se_smoothed", "interval_design_based")


@dataclass(frozen=True)
class Total:
    """A figure that can be computed from its parts, and each part from it and the others."""

    figure: Figure
    parts: tuple[Figure, ...]


def hidden_figures(
    sizes: Mapping[Figure, int], *, totals: Iterable[Total], minimum: int
) -> dict[Figure, Reason]:
    """Which figures to hide, and why: "few" answers, or "together" with a small one it would give away.

    sizes: valid answers behind each figure; one with none is no figure and hides nothing. Figures that
    occur in totals but not in sizes are never shown (parts of no table). With minimum 0 or 1
    nothing is hidden. Same input, same answer: ties go by the figure's text.

    Each total is an equation in the hidden figures. A hidden figure is safe if the equations can be
    matched to the other hidden figures: then it may take any value and they adjust. That is the exact
    criterion for weights in general position; subtraction and any other linear attack are covered.
    """
    reasons: dict[Figure, Reason] = {figure: "few" for figure, n in sizes.items() if 0 < n < minimum}
    equations = [members for total in totals if len(members := _with_answers(total, sizes)) > 1]
    never_shown = {figure for members in equations for figure in members} - sizes.keys()
    while True:
        _join_single_ones(reasons, never_shown, equations, sizes)
        unknown = reasons.keys() | never_shown
        revealed = _revealed(unknown, equations)
        step = min(
            (
                (_order(figure, sizes), equation)
                for figure, equation in revealed.items()
                if figure in reasons and any(member not in unknown for member in equations[equation])
            ),
            default=None,
        )
        if step is None:
            return reasons
        reasons[_next_to_hide(equations[step[1]], unknown, sizes)] = "together"


def hide_small_groups(
    result: Mapping, *, minimum: int, places: Mapping[str, str], headline_item: str | None,
    is_running: bool = False,
) -> dict:  # fmt: skip
    """A copy of a wave's result with what must not be seen taken out; each figure says `hidden`: "few",
    "together" or "".

    places: school code → location; headline_item: the item behind the county's rate, which is a topic too.
    is_running: answers still come in; then no figure of a school is shown ("running"), since its count of
    replies moves beside it, and an audience whose replies all wait says so ("waiting"). `regrouped` in the
    copy says whether the county's rate may be shown under other shares of the audiences: with an audience
    hidden, two mixtures of the same figures would give it away.
    """
    shown = _copy(result)
    rows = _rows(shown)
    sizes = {figure: row["valid"] for figure, row in rows.items() if row.get("estimate") is not None}
    hidden = hidden_figures(sizes, totals=_totals(shown, places, headline_item), minimum=minimum)
    for figure, row in rows.items():
        row["hidden"] = hidden.get(figure, "")
        if row["hidden"] and figure != ("county",):
            row.update({key: None for key in ANSWERS if key in row})
    if is_running:
        for row in shown["audiences"]:
            if row["estimate"] is None and not row["hidden"] and row["responses"] >= minimum:
                row.update(hidden="waiting", dont_know=None, blank=None)
        cells = [part for school in shown["schools"] for part in school["audiences"]]
        for row in [*shown["schools"], *cells]:
            row.update({key: None for key in ANSWERS if key in row} | {"hidden": "running"})
    for row in shown["audiences"]:  # without an estimate there is still what they did not answer
        if row["estimate"] is None and not row["hidden"] and 0 < row["responses"] < minimum:
            row.update(hidden="few", dont_know=None, blank=None, weights=None)
    if shown["hidden"]:
        _hide_county(shown)
    silent = {name for kind, *rest in hidden if kind == "audience" for name in rest}
    if silent:
        _hide_second_figures(shown)
    for topic in shown["topics"]:
        _hide_topic_parts(topic, hidden, silent if topic["item"] == headline_item else set())
    tip = shown.get("tipping_point")
    if tip and (shown["hidden"] or tip["audience"] in silent):
        shown["tipping_point"] = None
    for warning in shown.get("warnings", ()):
        if warning.get("audience") in silent:
            warning.pop("part", None)
    shown["regrouped"] = not silent and not shown["hidden"]
    return shown


def _copy(result: Mapping) -> dict:
    """All that is changed below is copied, row by row; the rest is shared with the result."""
    return dict(result) | {
        "audiences": [dict(row) for row in result["audiences"]],
        "locations": [dict(row) for row in result["locations"]],
        "schools": [
            school | {"audiences": [dict(row) for row in school["audiences"]]} for school in result["schools"]
        ],
        "topics": [
            topic | {name: dict(topic[name]) for name in ("audiences", "audience_valid")}
            for topic in result["topics"]
        ],
        "warnings": [dict(warning) for warning in result.get("warnings", ())],
    }


def _rows(result: dict) -> dict[Figure, dict]:
    """Every printed figure of a result under its name, as the dict that holds it."""
    rows: dict[Figure, dict] = {("county",): result}
    rows |= {("audience", row["audience"]): row for row in result["audiences"]}
    rows |= {("location", row["location"]): row for row in result["locations"]}
    for school in result["schools"]:
        rows["school", school["school"]] = school
        rows |= {("cell", school["school"], row["audience"]): row for row in school["audiences"]}
    for topic in result["topics"]:
        rows["topic", topic["item"]] = topic
        for name, n in topic["audience_valid"].items():
            rows["topic", topic["item"], name] = {"valid": n, "estimate": topic["audiences"][name]}
    return rows


def _totals(result: dict, places: Mapping[str, str], headline_item: str | None) -> list[Total]:
    county: Figure = ("county",)
    audiences = [("audience", row["audience"]) for row in result["audiences"] if row["share"]]
    totals = [
        Total(county, tuple(audiences)),
        Total(county, tuple(("location", row["location"]) for row in result["locations"])),
    ]
    cells = [
        ("cell", school["school"], row["audience"])
        for school in result["schools"]
        for row in school["audiences"]
    ]
    totals += [
        Total(
            ("school", school["school"]),
            tuple(
                ("cell", school["school"], row["audience"])
                for row in school["audiences"]
                if row.get("in_rate", True)
            ),
        )
        for school in result["schools"]
    ]
    asked_at_schools = {cell[2] for cell in cells}
    for figure in audiences:
        elsewhere = figure[1] not in asked_at_schools
        parts = (
            [("beyond schools", figure[1], row["location"]) for row in result["locations"]]
            if elsewhere
            else [cell for cell in cells if cell[2] == figure[1]]
        )
        totals.append(Total(figure, tuple(parts)))
    for row in result["locations"]:
        here = row["location"]
        parts = [cell for cell in cells if places.get(cell[1]) == here]
        parts += [("beyond schools", name, here) for _, name in audiences if name not in asked_at_schools]
        totals.append(Total(("location", here), tuple(parts)))
    totals += [
        Total(
            ("topic", topic["item"]),
            tuple(("topic", topic["item"], name) for name in topic["audience_valid"]),
        )
        for topic in result["topics"]
        if topic["item"] != headline_item
    ]
    return totals


def _hide_county(result: dict) -> None:
    result.update({key: None for key in ANSWERS if key in result})
    if result.get("verdict"):
        result["verdict"] = {"verdict": result["verdict"]["verdict"]}


def _hide_second_figures(result: dict) -> None:
    """Of the county's rate only the interval and the bounds that decide: every other figure made of the same
    answers is one more equation for the few people of a hidden audience."""
    result.update({key: None for key in SECOND if key in result})
    if result.get("verdict"):
        kept = ("verdict", "lower", "upper", "alpha")
        result["verdict"] = {key: value for key, value in result["verdict"].items() if key in kept}


def _hide_topic_parts(topic: dict, hidden: Mapping[Figure, Reason], also: set[str]) -> None:
    """The topic of the headline item repeats the audiences' own figures, so it hides what they hide."""
    topic["hidden_audiences"] = {
        name: hidden.get(("topic", topic["item"], name)) or ("together" if name in also else "")
        for name in topic["audience_valid"]
    }
    for name, reason in topic["hidden_audiences"].items():
        if reason or topic["hidden"]:
            topic["audiences"][name] = None
            topic["audience_valid"][name] = None


def _with_answers(total: Total, sizes: Mapping[Figure, int]) -> tuple[Figure, ...]:
    """The equation's members, total first; figures without answers take no part in it."""
    return tuple(dict.fromkeys(member for member in (total.figure, *total.parts) if sizes.get(member, 1) > 0))


def _join_single_ones(
    reasons: dict[Figure, Reason],
    never_shown: set[Figure],
    equations: Sequence[tuple[Figure, ...]],
    sizes: Mapping[Figure, int],
) -> None:
    """Plain subtraction first, since it is the common case and quickly seen: no equation with one unknown."""
    changed = True
    while changed:
        changed = False
        for members in equations:
            unknown = [member for member in members if member in reasons or member in never_shown]
            if len(unknown) == 1 and unknown[0] in reasons:
                reasons[_next_to_hide(members, unknown, sizes)] = "together"
                changed = True


def _next_to_hide(
    members: Sequence[Figure], unknown: Iterable[Figure], sizes: Mapping[Figure, int]
) -> Figure:
    """The smallest figure still shown; the total, which stands first, is given up last."""
    hidden = set(unknown)
    parts = [member for member in members[1:] if member not in hidden]
    return min(parts or members[:1], key=lambda figure: _order(figure, sizes))


def _order(figure: Figure, sizes: Mapping[Figure, int]) -> tuple[int, str]:
    return sizes.get(figure, 0), repr(figure)


def _revealed(unknown: Iterable[Figure], equations: Sequence[tuple[Figure, ...]]) -> dict[Figure, int]:
    """Unknown figures that the equations determine, each with an equation it can be solved from.

    A largest matching of equations to unknowns; an unknown that can be left out of it is free. Those are
    the ones reached from an unmatched unknown by going to any equation it stands in and on to the unknown
    that equation is matched to (Dulmage and Mendelsohn 1958).
    """
    unknowns = sorted(unknown, key=repr)
    wanted = set(unknowns)
    holds = [[member for member in members if member in wanted] for members in equations]
    stands_in: dict[Figure, list[int]] = {figure: [] for figure in unknowns}
    for number, members in enumerate(holds):
        for member in members:
            stands_in[member].append(number)
    solved_by: dict[Figure, int] = {}
    solves: dict[int, Figure] = {}
    for number in range(len(holds)):
        _match(number, holds, solved_by, solves)
    free = [figure for figure in unknowns if figure not in solved_by]
    reached = set(free)
    while free:
        for number in stands_in[free.pop()]:
            # An equation without a match cannot stand here: the matching could be made larger.
            partner = solves[number]
            if partner not in reached:
                reached.add(partner)
                free.append(partner)
    return {figure: number for figure, number in solved_by.items() if figure not in reached}


def _match(
    start: int, holds: Sequence[Sequence[Figure]], solved_by: dict[Figure, int], solves: dict[int, Figure]
) -> None:
    """Matches one more equation if that is possible, moving others where needed (breadth first)."""
    came_from: dict[Figure, int] = {}
    queue = [start]
    for number in queue:
        for figure in holds[number]:
            if figure in came_from:
                continue
            came_from[figure] = number
            if figure in solved_by:
                queue.append(solved_by[figure])
                continue
            while True:  # free: hand it over along the way we came
                equation = came_from[figure]
                previous = solves.get(equation)
                solves[equation], solved_by[figure] = figure, equation
                if equation == start:
                    return
                figure = previous
