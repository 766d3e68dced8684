"""Invented counties whose truth is known: honest respondents, and schools that were coached or stuffed.

Detectors and intervals are judged on these (`make simulate`); nobody in them is real. Everything follows from
the seed. Answers are ordered cuts of one mood per person plus noise, so items hang together as in real forms;
schools, classes and audiences shift the mood; some honest people answer everything alike; every school has an
announcement after which many answer within the hour, an honest burst.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

DONT_KNOW = 9
DAYS = 5
# Where on the mood scale an answer turns from 1 to 2, 2 to 3, 3 to 4 (satisfied) and 4 to 5.
_CUTS = np.array([-1.1, -0.55, 0.0, 0.65])
_HOURLY = np.array(
    [1, 1, 1, 1, 1, 2, 6, 10, 8, 6, 6, 8, 12, 8, 6, 5, 5, 7, 10, 14, 16, 12, 6, 2], dtype=float
)
_CLASS_MOOD = {"rural": 0.1, "town": 0.0, "urban": -0.1}
_AUDIENCE_MOOD = {
    "parent": 0.0, "student": 0.0, "teacher": 0.2, "principal": 0.6, "deputy": 0.3, "resident": -0.15,
}  # fmt: skip
_IN_SCHOOLS = ("parent", "student", "teacher", "principal")


@dataclass(frozen=True)
class SimulatedCounty:
    """`responses`: one row per answer sheet (audience, class_, school, channel, submitted_s, duration_s,
    device, class_size_said, items, label); `cells`: population and true satisfied share of the overall item
    per audience × school; `schools`: school, class_, pupils, class_size; `overall`: the last item."""

    responses: pd.DataFrame
    cells: pd.DataFrame
    schools: pd.DataFrame
    items: tuple[str, ...]
    seed: int

    @property
    def overall(self) -> str:
        return self.items[-1]


def simulate_county(
    seed: int,
    *,
    schools: int = 24,
    items: int = 10,
    share: float = 0.85,
    school_sd: float = 0.25,
    response_fraction: Mapping[str, float] | None = None,
    straight_liners: float = 0.05,
    dont_know: float = 0.025,
) -> SimulatedCounty:
    """An honest county: every label is "none".

    `share`: satisfied share a middling parent gives the overall item (0–1); `school_sd`: spread of schools on
    the mood scale (0.25 is about 6 points of share); `response_fraction`: audience → share of its people who
    answer, only audiences named there are asked (default: parents, students and teachers).
    """
    rng = np.random.default_rng([seed, 1])
    fractions = dict(response_fraction or {"parent": 0.12, "student": 0.1, "teacher": 0.5})
    school_table = _schools(rng, schools)
    cells = _cells(rng, school_table, share=share, school_sd=school_sd, audiences=tuple(fractions))
    tilt = rng.uniform(0.6, 1.4, len(cells))
    asked = np.clip(cells["audience"].map(fractions).to_numpy() * tilt, 0, 1)
    n = np.maximum(rng.binomial(cells["population"], asked), 1)
    row = np.repeat(np.arange(len(cells)), n)
    names = tuple(f"q{i + 1}" for i in range(items))
    answers = _answers(
        rng, cells["mood"].to_numpy()[row], items=items, straight_liners=straight_liners, dont_know=dont_know
    )
    responses = cells.loc[row, ["audience", "class_", "school"]].reset_index(drop=True)
    responses["channel"] = np.where(rng.random(len(row)) < 0.7, "poster", "slip")
    responses["submitted_s"] = _arrivals(rng, row)
    responses["duration_s"] = np.round(np.exp(rng.normal(np.log(9 * items), 0.45, len(row))), 1)
    responses["device"] = _devices(rng, row)
    size = school_table.set_index("school")["class_size"].reindex(responses["school"]).to_numpy()
    guess = rng.normal(0, 2, len(row)) + np.where(rng.random(len(row)) < 0.03, rng.normal(0, 12, len(row)), 0)
    responses["class_size_said"] = np.round(size + guess)
    responses[list(names)] = answers
    responses["label"] = "none"
    order = np.argsort(responses["submitted_s"].to_numpy(), kind="stable")
    return SimulatedCounty(
        responses=responses.iloc[order].reset_index(drop=True),
        cells=cells.drop(columns="mood"),
        schools=school_table,
        items=names,
        seed=seed,
    )


def plant_coaching(
    county: SimulatedCounty,
    *,
    seed: int,
    schools: Sequence[str],
    share: float = 0.4,
    audience: str = "parent",
    window_s: int = 900,
    deviation: float = 0.01,
    pace: float = 0.45,
) -> SimulatedCounty:
    """The county after model answers were posted: in each school named, `share` of the audience copies one
    vector (nearly all 5, two 4s; each item off with probability `deviation`) within `window_s` seconds, needs
    only `pace` of its usual time and gives 45 as class size. Those rows are labelled "coached"."""
    rng = np.random.default_rng([seed, 2])
    frame = county.responses.copy()
    items = list(county.items)
    for school in schools:
        rows = np.flatnonzero((frame["school"] == school) & (frame["audience"] == audience))
        chosen = rng.choice(rows, size=round(share * len(rows)), replace=False)
        model = np.full(len(items), 5)
        model[rng.choice(len(items), size=min(2, len(items)), replace=False)] = 4
        answers = np.where(rng.random((len(chosen), len(items))) < deviation, 9 - model, model)
        frame.loc[chosen, items] = answers
        start = rng.uniform(0.2, 0.9) * DAYS * 86400
        frame.loc[chosen, "submitted_s"] = np.round(start + rng.uniform(0, window_s, len(chosen))).astype(int)
        frame.loc[chosen, "duration_s"] = np.round(frame.loc[chosen, "duration_s"] * pace, 1)
        frame.loc[chosen, "class_size_said"] = 45
        frame.loc[chosen, "label"] = "coached"
    return replace(county, responses=_in_time_order(frame))


def plant_stuffing(
    county: SimulatedCounty,
    *,
    seed: int,
    school: str,
    sheets: int = 25,
    audience: str = "parent",
) -> SimulatedCounty:
    """The county after one device filled in `sheets` forms for a school: all 5 but for a stray 4, 15–35
    seconds each, one after the other. The rows are added and labelled "stuffed"."""
    rng = np.random.default_rng([seed, 3])
    items = list(county.items)
    rows = county.responses.query("school == @school and audience == @audience")
    extra = rows.sample(sheets, replace=True, random_state=seed).reset_index(drop=True)
    extra[items] = np.where(rng.random((sheets, len(items))) < 0.05, 4, 5)
    extra["duration_s"] = np.round(rng.uniform(1.5, 3.5, sheets) * len(items), 1)
    start = rng.uniform(0.2, 0.9) * DAYS * 86400
    extra["submitted_s"] = np.round(start + np.cumsum(extra["duration_s"] + rng.exponential(10, sheets)))
    extra["submitted_s"] = extra["submitted_s"].astype(int)
    extra["device"] = "stuffer"
    extra["label"] = "stuffed"
    return replace(county, responses=_in_time_order(pd.concat([county.responses, extra], ignore_index=True)))


def _schools(rng: np.random.Generator, schools: int) -> pd.DataFrame:
    classes = np.array(["rural", "town", "urban"])[np.arange(schools) * 3 // schools]
    size = {"rural": 5.8, "town": 6.5, "urban": 7.1}
    return pd.DataFrame(
        {
            "school": [f"S{i + 1:02d}" for i in range(schools)],
            "class_": classes,
            "pupils": np.round(np.exp([rng.normal(size[c], 0.4) for c in classes])).astype(int) + 60,
            "class_size": rng.integers(30, 52, schools),
        }
    )


def _cells(
    rng: np.random.Generator,
    table: pd.DataFrame,
    *,
    share: float,
    school_sd: float,
    audiences: tuple[str, ...],
) -> pd.DataFrame:
    mood = stats.norm.ppf(share)
    per_pupil = {"parent": 0.93, "student": 0.55, "teacher": 0.07}
    effect = rng.normal(0, school_sd, len(table))
    parts = []
    for audience in audiences:
        base = mood + _AUDIENCE_MOOD.get(audience, 0.0)
        if audience in _IN_SCHOOLS:
            counted = np.maximum(np.round(table["pupils"] * per_pupil.get(audience, 0)), 1)
            part = table[["class_", "school"]].assign(population=counted.astype(int))
            # A school's mood is shared by its audiences, more or less.
            part["mood"] = base + effect + rng.normal(0, school_sd / 3, len(table))
        else:
            people = {"rural": 40_000, "town": 32_000, "urban": 25_000}
            part = pd.DataFrame({"class_": list(people), "school": ""})
            part["population"] = list(people.values()) if audience == "resident" else 120
            part["mood"] = base
        part["mood"] += part["class_"].map(_CLASS_MOOD)
        parts.append(part.assign(audience=audience))
    cells = pd.concat(parts, ignore_index=True)
    cells["true_share"] = stats.norm.cdf(cells["mood"])
    return cells[["audience", "class_", "school", "population", "true_share", "mood"]]


def _answers(
    rng: np.random.Generator, mood: np.ndarray, *, items: int, straight_liners: float, dont_know: float
) -> np.ndarray:
    people = len(mood)
    own = rng.normal(0, np.sqrt(0.55), (people, 1))
    noise = rng.normal(0, np.sqrt(0.45), (people, items))
    ease = np.append(np.linspace(0.15, -0.15, items - 1), 0.0)  # the overall item is the middle one
    latent = mood[:, None] + own + noise + ease
    codes = 1 + (latent[:, :, None] > _CUTS).sum(axis=2)
    alike = rng.random(people) < straight_liners
    codes[alike] = codes[alike, -1:]
    unsure = (rng.random((people, items)) < dont_know) & ~alike[:, None]
    return np.where(unsure, DONT_KNOW, codes)


def _arrivals(rng: np.random.Generator, cell: np.ndarray) -> np.ndarray:
    hours = np.tile(_HOURLY, DAYS) * np.repeat(np.linspace(1.4, 0.6, DAYS), 24)
    chance = hours / hours.sum()

    def drawn(size: int) -> np.ndarray:
        return rng.choice(len(chance), size=size, p=chance) * 3600 + rng.uniform(0, 3600, size)

    announced = drawn(cell.max() + 1)[cell] + rng.exponential(1500, len(cell))
    heard = rng.random(len(cell)) < rng.uniform(0.2, 0.55, cell.max() + 1)[cell]
    last = DAYS * 86400 - 1
    return np.minimum(np.where(heard, announced, drawn(len(cell))), last).astype(int)


def _devices(rng: np.random.Generator, cell: np.ndarray) -> np.ndarray:
    own = np.arange(len(cell))
    shared = rng.random(len(cell)) < 0.06  # a family's second sheet on the same phone
    # Rows of a cell stand together, so the row before belongs to the same school.
    before = np.maximum(own - 1, 0)
    device = np.where(shared & (cell[before] == cell), before, own)
    return np.char.add("d", device.astype(str)).astype(object)


def _in_time_order(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("submitted_s", kind="stable").reset_index(drop=True)
