"""The part of the simulation report about looking at an open wave again and again."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor

import numpy as np

from bench.simulated_waves import OPEN_LINK, SHARES, KnownCounty, draw_wave, estimate, known_county
from scoring.numeric.errors import NotComputable
from scoring.numeric.sequences import (
    ALPHA_CLOSING,
    ALPHA_EARLY,
    MIN_ANSWERS_PER_AUDIENCE,
    asymptotic_sequence,
    early_look,
)
from scoring.numeric.spending import alpha_spending_bounds
from scoring.numeric.verdict import Verdict, verdict

THRESHOLD = 0.85
LOOKS = 12
PIECES = 16  # of the waves, each with draws of its own, so that the result does not depend on the processes
OF_PRODUCT, OF_OTHERS = 4, 0.5  # waves, as multiples of the lines of coverage


def looks(pool: Executor, replicates: int, seed: int) -> Iterator[str]:
    """Twelve looks at a growing wave whose truth is the limit: how often is "met" said at any of them?

    The rules that ours is compared with are followed on an eighth of the waves: they need an estimate at
    every look, ours only where an early word is allowed, and at closing.
    """
    yield f'\n## {LOOKS} looks at an open wave, truth = 85%: how often is "met" ever said\n'
    yield "No early word is said before every audience has 30 answers, and 16 schools have fewer heads.\n"
    bounds = tuple(alpha_spending_bounds(np.arange(1, LOOKS + 1) / LOOKS, alpha=0.05).z)
    ours, others = (max(1, round(times * replicates / PIECES)) for times in (OF_PRODUCT, OF_OTHERS))
    for name, schools in (("60 schools, open link", 60), ("16 schools, open link", 16)):
        pieces = [(schools, piece, ours, others, bounds, seed) for piece in range(PIECES)]
        said = sum(pool.map(_piece, *zip(*pieces, strict=True)), Counter())
        yield f"{name}{'waves':>{81 - len(name)}}{'met':>8}"
        for rule, text, waves_seen in (
            ("product", f"sequence at {ALPHA_EARLY} while open, test at {ALPHA_CLOSING} at closing", ours),
            ("early", f"  of which said before closing (sequence at {ALPHA_EARLY})", ours),
            ("closing", "one test at 5% at closing, no looks", ours),
            ("naive", "fixed 5% test at every look (what must not be done)", others),
            ("sequence", "confidence sequence at 5% alone", others),
            ("spending", "O'Brien-Fleming type spending, 12 planned looks, 5%", others),
        ):
            yield f"  {text:<71}{waves_seen * PIECES:>8}{said[rule] / (waves_seen * PIECES):>8.1%}"


def _piece(
    schools: int, piece: int, ours: int, others: int, bounds: tuple[float, ...], seed: int
) -> Counter[str]:
    counties = [known_county(seed + i, schools=schools, truth=THRESHOLD) for i in range(4)]
    rng = np.random.default_rng([seed, 7, schools, piece])
    planned = planned_information(counties[0], np.random.default_rng([seed, 7, schools]), OPEN_LINK)
    said: Counter[str] = Counter()
    for number in range(ours):
        all_rules = bounds if number < others else None
        said.update(looks_of_one_wave(counties[number % 4], rng, OPEN_LINK, planned, all_rules))
    return said


def looks_of_one_wave(
    county: KnownCounty,
    rng: np.random.Generator,
    fractions: Mapping[str, float],
    planned: float,
    bounds: tuple[float, ...] | None,
) -> set[str]:
    """The rules under which this wave was called "met" at some look; without `bounds` only the product's."""
    n, valid, satisfied = (
        part.cumsum(axis=1) for part in draw_wave(county, rng, fractions=fractions, days=LOOKS)
    )
    fewest = np.min([valid[county.audience == name].sum(axis=0) for name in SHARES], axis=0)
    said: set[str] = set()
    for look in range(LOOKS):
        last, smallest = look == LOOKS - 1, int(fewest[look])
        if bounds is None and not last and smallest < MIN_ANSWERS_PER_AUDIENCE:
            continue
        try:
            wave = estimate(county, n[:, look], valid=valid[:, look], satisfied=satisfied[:, look])
        except NotComputable:
            continue
        state = verdict(wave, threshold=THRESHOLD)
        if state.variance_smoothed is None or state.verdict == "not_computable":
            continue
        if last:
            said |= {"closing"} if state.verdict == "met" else set()
            if verdict(wave, threshold=THRESHOLD, alpha=ALPHA_CLOSING).verdict == "met":
                said.add("product")
        elif _early(state, planned, smallest):
            said |= {"product", "early"}
        if bounds is None:
            continue
        if state.verdict == "met":
            said.add("naive")
        if smallest >= MIN_ANSWERS_PER_AUDIENCE and _sequence_lower(state, planned) >= THRESHOLD:
            said.add("sequence")
        if (wave.estimate - THRESHOLD) / state.variance_smoothed**0.5 >= bounds[look]:
            said.add("spending")
    return said


def planned_information(
    county: KnownCounty, rng: np.random.Generator, fractions: Mapping[str, float]
) -> float:
    """Effective answers of a whole wave, as a plan would know them from the last wave."""
    n, valid, satisfied = (part[:, 0] for part in draw_wave(county, rng, fractions=fractions))
    state = verdict(estimate(county, n, valid=valid, satisfied=satisfied), threshold=THRESHOLD)
    return THRESHOLD * (1 - THRESHOLD) / state.variance_smoothed


def _early(state: Verdict, planned: float, smallest: int) -> bool:
    look = early_look(
        state.estimate,
        variance_smoothed=state.variance_smoothed,
        t_opt=planned / 3,
        smallest_audience_answers=smallest,
    )
    return look.word == "met"


def _sequence_lower(state: Verdict, planned: float) -> float:
    information = state.estimate * (1 - state.estimate) / state.variance_smoothed
    if information <= 0:
        return 0.0
    return asymptotic_sequence(
        state.estimate,
        se=state.variance_smoothed**0.5,
        n_eff=information,
        t_opt=planned / 3,
        alpha=0.05,
        sides="one",
    ).lower
