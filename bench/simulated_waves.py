"""Waves drawn again and again from one invented county whose truth is known, as cells ready for the core."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy import optimize, stats

from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.recode import CellSums
from scoring.numeric.simulate import simulate_county
from scoring.numeric.weighting import collapse_cells

SHARES = {"parent": 0.5, "student": 0.1, "teacher": 0.1, "principal": 0.1, "deputy": 0.1, "resident": 0.1}
CLASS_SHARES = {"rural": 0.412, "town": 0.332, "urban": 0.256}
BY_SCHOOL = ("parent", "student", "teacher")
DONT_KNOW = {"resident": 0.12}
# Who answers an open link, and who is reached when quotas of 1.5‰ are filled.
OPEN_LINK = {
    "parent": 0.12, "student": 0.1, "teacher": 0.5, "principal": 0.7, "deputy": 0.5, "resident": 0.01,
}  # fmt: skip
QUOTA = {
    "parent": 0.012,
    "student": 0.005,
    "teacher": 0.04,
    "principal": 0.7,
    "deputy": 0.17,
    "resident": 0.0007,
}


@dataclass(frozen=True)
class KnownCounty:
    """Cells with people and true shares, (cells,) each; `truth` is the composite every estimate aims at."""

    audience: np.ndarray
    location: np.ndarray
    school: np.ndarray  # "" where people are not asked through one
    people: np.ndarray
    true_share: np.ndarray
    truth: float
    schools_in_class: Mapping[str, int]


@cache
def known_county(seed: int, *, schools: int, truth: float, school_sd: float = 0.25) -> KnownCounty:
    """A county of `schools` schools whose composite is exactly `truth` (0–1)."""
    # Only the people and their true shares are wanted here; answers are drawn wave by wave.
    nobody = dict.fromkeys(SHARES, 0.0)
    county = simulate_county(seed, schools=schools, school_sd=school_sd, response_fraction=nobody)
    cells = county.cells.copy()
    linked = cells["audience"].isin(BY_SCHOOL)
    cells.loc[~linked, "school"] = ""
    cells["mass"] = cells["true_share"] * cells["population"]
    cells = cells.groupby(["audience", "class_", "school"], as_index=False)[["population", "mass"]].sum()
    mood = stats.norm.ppf((cells["mass"] / cells["population"]).clip(1e-6, 1 - 1e-6))

    part = _part_of_composite(cells)
    shift = optimize.brentq(lambda s: part @ stats.norm.cdf(mood + s) - truth, -4, 4, xtol=1e-12)
    return KnownCounty(
        audience=cells["audience"].to_numpy(dtype=object),
        location=cells["class_"].to_numpy(dtype=object),
        school=cells["school"].to_numpy(dtype=object),
        people=cells["population"].to_numpy(),
        true_share=stats.norm.cdf(mood + shift),
        truth=truth,
        schools_in_class=county.schools["class_"].value_counts().to_dict(),
    )


def draw_wave(
    county: KnownCounty, rng: np.random.Generator, *, fractions: Mapping[str, float], days: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, valid, satisfied) per cell and day, each (cells, days): every person answers or not by chance, with
    a tilt of the cell, and if so is satisfied by chance."""
    tilt = rng.uniform(0.6, 1.4, len(county.people))
    chance = np.clip(np.array([fractions[name] for name in county.audience]) * tilt, 0, 1)
    n = rng.binomial(county.people, chance)
    by_day = np.stack([rng.multinomial(k, np.full(days, 1 / days)) for k in n]) if days > 1 else n[:, None]
    unsure = np.array([DONT_KNOW.get(name, 0.02) for name in county.audience])[:, None]
    valid = rng.binomial(by_day, 1 - unsure)
    satisfied = rng.binomial(valid, county.true_share[:, None])
    return by_day, valid, satisfied


def estimate(
    county: KnownCounty,
    n: np.ndarray,
    *,
    valid: np.ndarray,
    satisfied: np.ndarray,
    sampled: Mapping[str, np.ndarray] | None = None,
) -> CompositeEstimate:
    """The composite as the product computes it. `sampled`: class → names of the schools in the sample (then
    schools are the sampled units and stand for all schools of their class); None: all are surveyed."""
    people = county.people.astype(float)
    keep = np.ones(len(people), dtype=bool)
    if sampled is not None:
        linked = county.school != ""
        keep = ~linked | np.isin(county.school, np.concatenate(list(sampled.values())))
        factor = {place: county.schools_in_class[place] / len(names) for place, names in sampled.items()}
        people = np.where(linked, people * np.array([factor[place] for place in county.location]), people)
    audience, location, school = county.audience[keep], county.location[keep], county.school[keep]
    collapsed = collapse_cells(
        audience,
        location=location,
        cell=np.where(school == "", "*", school),
        population=people[keep],
        responses=n[keep],
    )
    content, answered = satisfied[keep].astype(float), valid[keep].astype(float)
    return estimate_composite(
        Cells(
            audience=audience,
            location=location,
            school=school,
            stratum=collapsed.stratum,
            n=n[keep],
            weight=collapsed.weight,
            stratum_population=collapsed.stratum_population,
        ),
        CellSums(R=answered, S1=content, S2=content),
        audience_shares=SHARES,
        class_shares=CLASS_SHARES,
        design=Design("all_schools" if sampled is None else "sampled_schools", fpc=False),
    )


def sample_schools(county: KnownCounty, rng: np.random.Generator, *, share: float) -> dict[str, np.ndarray]:
    """A simple random sample of schools in every class, at least two."""
    sampled = {}
    for place in np.unique(county.location):
        names = np.unique(county.school[(county.location == place) & (county.school != "")])
        sampled[str(place)] = rng.choice(names, size=max(2, round(share * len(names))), replace=False)
    return sampled


def _part_of_composite(cells: pd.DataFrame) -> np.ndarray:
    """What each cell's share weighs in the composite: audience share × class share × part of the people."""
    people = cells.groupby(["audience", "class_"])["population"].transform("sum")
    share = cells["audience"].map(SHARES) * cells["class_"].map(CLASS_SHARES)
    return (share * cells["population"] / people).to_numpy()
