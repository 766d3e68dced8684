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
    """Cells with people and true shares; `truth` is the composite that every estimate aims at."""

    cells: pd.DataFrame  # audience, class_, school, population, true_share
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
    cells["true_share"] = stats.norm.cdf(mood + shift)
    per_class = county.schools["class_"].value_counts().to_dict()
    return KnownCounty(cells.drop(columns="mass"), truth, per_class)


def draw_wave(
    county: KnownCounty, rng: np.random.Generator, *, fractions: Mapping[str, float], days: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(n, valid, satisfied) per cell and day, each (cells, days): every person answers or not by chance, with
    a tilt of the cell, and if so is satisfied by chance."""
    cells = county.cells
    tilt = rng.uniform(0.6, 1.4, len(cells))
    chance = np.clip(cells["audience"].map(fractions).to_numpy() * tilt, 0, 1)
    n = rng.binomial(cells["population"], chance)
    by_day = np.stack([rng.multinomial(k, np.full(days, 1 / days)) for k in n]) if days > 1 else n[:, None]
    unsure = cells["audience"].map(DONT_KNOW).fillna(0.02).to_numpy()[:, None]
    valid = rng.binomial(by_day, 1 - unsure)
    satisfied = rng.binomial(valid, cells["true_share"].to_numpy()[:, None])
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
    cells, people = county.cells, county.cells["population"].to_numpy(float)
    keep = np.ones(len(cells), dtype=bool)
    if sampled is not None:
        chosen = np.concatenate(list(sampled.values()))
        keep = ((cells["school"] == "") | cells["school"].isin(chosen)).to_numpy()
        linked = (cells["school"] != "").to_numpy()
        factor = cells["class_"].map(
            {c: county.schools_in_class[c] / len(names) for c, names in sampled.items()}
        )
        people = np.where(linked, people * factor.to_numpy(), people)
    kept = cells[keep]
    collapsed = collapse_cells(
        kept["audience"].to_numpy(),
        location=kept["class_"].to_numpy(),
        cell=kept["school"].replace("", "*").to_numpy(),
        population=people[keep],
        responses=n[keep],
    )
    right, wrong = satisfied[keep].astype(float), valid[keep].astype(float)
    return estimate_composite(
        Cells(
            audience=kept["audience"].to_numpy(),
            location=kept["class_"].to_numpy(),
            school=kept["school"].to_numpy(),
            stratum=collapsed.stratum,
            n=n[keep],
            weight=collapsed.weight,
            stratum_population=collapsed.stratum_population,
        ),
        CellSums(R=wrong, S1=right, S2=right),
        audience_shares=SHARES,
        class_shares=CLASS_SHARES,
        design=Design("all_schools" if sampled is None else "sampled_schools", fpc=False),
    )


def sample_schools(county: KnownCounty, rng: np.random.Generator, *, share: float) -> dict[str, np.ndarray]:
    """A simple random sample of schools in every class, at least two."""
    schools = county.cells.loc[county.cells["school"] != "", ["class_", "school"]].drop_duplicates()
    return {
        str(name): rng.choice(group["school"], size=max(2, round(share * len(group))), replace=False)
        for name, group in schools.groupby("class_")
    }


def _part_of_composite(cells: pd.DataFrame) -> np.ndarray:
    """What each cell's share weighs in the composite: audience share × class share × part of the people."""
    people = cells.groupby(["audience", "class_"])["population"].transform("sum")
    share = cells["audience"].map(SHARES) * cells["class_"].map(CLASS_SHARES)
    return (share * cells["population"] / people).to_numpy()
