"""Facts that differ from person to person (homework, training): how often honest schools show the signal, and
how often coached ones do. Class size, which a whole class shares, is in the detectors' own county.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from scoring.numeric.quality_facts import Side, beyond_fact, doubted_schools, on_side
from scoring.numeric.quality_signals import many_contradictions

SCHOOLS, COACHED = 60, 3
FILE_OFF = 0.25  # what is on file is wrong by up to a quarter either way
SPREAD = 0.5  # of people around their school's mean, on the log scale


@dataclass(frozen=True)
class Fact:
    """One statistic: bands as the questionnaire has them, the means of schools, how many answer at one, the
    share whose answer is none, and the band that a coached person gives."""

    key: str
    words: str
    bands: tuple[tuple[float, float], ...]
    tolerance: float
    side: Side
    means: tuple[float, float]
    answers: tuple[int, int]
    nothing: float
    told: int


FACTS = (
    Fact(
        "homework_minutes", "homework, 40% say none",
        ((0, 0), (0, 60), (60, 90), (90, 120), (120, np.inf)), 60, "below", (35, 130), (20, 400), 0.06, 0,
    ),
    Fact(
        "training_hours_per_year", "training, 40% say over 120 hours",
        ((0, 0), (0, 36), (36, 71), (71, 120), (120, 1000)), 36, "above", (25, 110), (8, 110), 0.03, 4,
    ),
)  # fmt: skip


def facts(pool: Executor, counties: int, seed: int) -> Iterator[str]:
    """A line per fact: shares of honest and of coached schools with the signal, and of doubted files."""
    yield f"\n## Facts that differ from person to person: {counties} counties of {SCHOOLS} schools\n"
    yield f"What is on file is wrong by up to {FILE_OFF:.0%}. In three schools 40% give one answer.\n"
    yield f"{'fact':<36}{'honest schools':>16}{'coached':>10}{'file doubted':>15}"
    for number, fact in enumerate(FACTS):
        tasks = [(number, one) for one in range(seed, seed + counties)]
        found = sum(pool.map(_one_county, tasks, chunksize=16), Counter())
        honest = found["honest"] / ((SCHOOLS - COACHED) * counties)
        coached, doubted = found["coached"] / (COACHED * counties), found["doubted"] / (SCHOOLS * counties)
        yield f"{fact.words:<36}{honest:>16.2%}{coached:>10.1%}{doubted:>15.1%}"


def _one_county(task: tuple[int, int]) -> Counter[str]:
    number, seed = task
    fact, rng = FACTS[number], np.random.default_rng([seed, number, 4])
    n = rng.integers(*fact.answers, SCHOOLS)
    mean = rng.uniform(*fact.means, SCHOOLS)
    on_file = (mean * rng.uniform(1 - FILE_OFF, 1 + FILE_OFF, SCHOOLS))[np.repeat(np.arange(SCHOOLS), n)]
    school = np.repeat(np.arange(SCHOOLS), n)
    said = mean[school] * rng.lognormal(-(SPREAD**2) / 2, SPREAD, len(school))
    said[rng.random(len(school)) < fact.nothing] = 0
    low, high = np.array(fact.bands, dtype=float).T
    band = np.searchsorted(high, said)
    is_told = (school < COACHED) & (rng.random(len(school)) < 0.4)
    band[is_told] = fact.told

    def beyond(tolerance: float) -> np.ndarray:
        side = beyond_fact(low[band], high[band], known_low=on_file, known_high=on_file, tolerance=tolerance)
        return np.where(on_side(side, fact.side), side, 0)

    doubted = doubted_schools(
        school, beyond_half=beyond(fact.tolerance / 2), audience=np.zeros(len(school), dtype=int)
    )
    wrong = (beyond(fact.tolerance) != 0) & ~np.isin(school, doubted)
    signal = many_contradictions(school, contradicts=wrong)
    hit = signal.school[signal.hit]
    return Counter(
        honest=int((hit >= COACHED).sum()), coached=int((hit < COACHED).sum()), doubted=len(doubted)
    )
