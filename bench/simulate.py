"""The simulation report: does the product keep what it promises, on counties whose truth is known?

    python -m bench.simulate > docs/simulation.txt        (minutes; --replicates 200 for a first look)

Everything follows from --seed. Coverage of the default interval, error rates of the verdict, repeated looks
at an open wave, and the detectors: their false positives on honest counties and their power where coaching
or stuffing was planted.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np

from bench.simulated_detectors import detectors
from bench.simulated_waves import (
    OPEN_LINK,
    QUOTA,
    SHARES,
    KnownCounty,
    draw_wave,
    estimate,
    known_county,
    sample_schools,
)
from scoring.numeric.composite import CompositeEstimate
from scoring.numeric.errors import NotComputable
from scoring.numeric.intervals import Interval, ShareEstimate, korn_graubard
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

# name, schools, who answers, share of schools in the sample (None: all schools are surveyed)
SETTINGS = (
    ("60 schools, open link", 60, OPEN_LINK, None),
    ("60 schools, quota sample", 60, QUOTA, None),
    ("16 schools, open link", 16, OPEN_LINK, None),
    ("30 of 150 schools sampled", 150, OPEN_LINK, 0.2),
)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=2000, help="waves per line of coverage and verdict")
    parser.add_argument("--counties", type=int, default=200, help="counties for the detectors")
    parser.add_argument("--seed", type=int, default=2025)
    chosen = parser.parse_args(arguments)
    begun = time.monotonic()
    print("# Simulation report\n")
    print(
        f"Seed {chosen.seed}; {chosen.replicates} waves per line, {chosen.counties} counties for detectors."
        f" One standard error of a share of 5% is {100 * np.sqrt(0.0475 / chosen.replicates):.1f} points."
    )
    for section in (
        coverage(chosen.replicates, chosen.seed),
        verdicts(chosen.replicates, chosen.seed),
        looks(chosen.replicates, chosen.seed),
        detectors(chosen.counties, chosen.seed),
    ):
        for line in section:
            print(line, flush=True)
    print(f"done in {time.monotonic() - begun:.0f} s", file=sys.stderr)


def coverage(replicates: int, seed: int) -> Iterator[str]:
    """How often the 95% interval (Korn–Graubard, n* cut at n) holds the true county figure: on the linearised
    variance V, and on V⁺, in which small audiences are smoothed as for the verdict."""
    yield "\n## Coverage of the 95% interval (Korn-Graubard)\n"
    yield "V: linearised variance. V+: small audiences smoothed as for the verdict. In a county of 16 schools"
    yield (
        "16 heads carry 10% of the figure: V takes their near-unanimity for certainty, "
        "V+ is on the safe side.\n"
    )
    yield (
        f"{'wave':<28}{'truth':>7}{'answers':>9}{'V covers':>10}{'too low':>9}{'too high':>10}{'+-':>9}"
        f"{'V+ covers':>11}{'+-':>9}"
    )
    for name, schools, fractions, share in SETTINGS:
        for truth in (0.80, 0.85, 0.90, 0.95):
            below, above, width, answers = np.zeros(2), np.zeros(2), np.zeros(2), 0
            for wave in waves(seed, schools, truth, fractions, share, replicates):
                smoothed = verdict(wave, threshold=THRESHOLD).variance_smoothed
                limits = [interval(wave, variance) for variance in (wave.variance, smoothed)]
                below += [one.upper < truth for one in limits]
                above += [one.lower > truth for one in limits]
                width += [(one.upper - one.lower) / 2 for one in limits]
                answers += wave.n
            below, above, width = below / replicates, above / replicates, 100 * width / replicates
            covers = 1 - below - above
            yield (
                f"{name:<28}{truth:>7.2f}{answers / replicates:>9.0f}{covers[0]:>10.1%}{below[0]:>9.1%}"
                f"{above[0]:>10.1%}{width[0]:>6.1f} pt{covers[1]:>11.1%}{width[1]:>6.1f} pt"
            )


def verdicts(replicates: int, seed: int) -> Iterator[str]:
    """How often each word is said, at the limit itself and three points on either side."""
    yield "\n## Verdict against 85% (two one-sided tests at 5%, smoothed small audiences)\n"
    yield "At 85.0% both words would be errors of a test: each must stay at or below 5%.\n"
    yield f"{'wave':<28}{'truth':>7}{'met':>8}{'not met':>9}{'undetermined':>14}"
    for name, schools, fractions, share in SETTINGS:
        for truth in (0.85, 0.82, 0.88):
            words = Counter(
                verdict(wave, threshold=THRESHOLD).verdict
                for wave in waves(seed + 1, schools, truth, fractions, share, replicates)
            )
            yield (
                f"{name:<28}{truth:>7.2f}{words['met'] / replicates:>8.1%}"
                f"{words['not_met'] / replicates:>9.1%}"
                f"{words['undetermined'] / replicates:>14.1%}"
            )


def looks(replicates: int, seed: int) -> Iterator[str]:
    """Twelve looks at a growing wave whose truth is the limit: how often is "met" said at any of them?

    The product's own rule is followed on twice `replicates` waves, the rules it is compared with on a quarter
    of those: they need an estimate at every look, ours only where an early word is allowed, and at closing.
    """
    yield f'\n## {LOOKS} looks at an open wave, truth = 85%: how often is "met" ever said\n'
    bounds = alpha_spending_bounds(np.arange(1, LOOKS + 1) / LOOKS, alpha=0.05)
    for name, schools, fractions, _ in SETTINGS[:1] + SETTINGS[2:3]:
        counties = [known_county(seed + i, schools=schools, truth=THRESHOLD) for i in range(4)]
        rng = np.random.default_rng([seed, 7, schools])
        planned = planned_information(counties[0], rng, fractions)
        said = Counter()
        for i in range(2 * replicates):
            county, all_rules = counties[i % 4], i < replicates / 2
            said.update(looks_of_one_wave(county, rng, fractions, planned, bounds.z if all_rules else None))
        yield f"{name}{'waves':>{81 - len(name)}}{'met':>8}"
        for rule, text, waves_seen in (
            (
                "product",
                f"sequence at {ALPHA_EARLY} while open, test at {ALPHA_CLOSING} at closing",
                2 * replicates,
            ),
            ("early", f"  of which said before closing (sequence at {ALPHA_EARLY})", 2 * replicates),
            ("closing", "one test at 5% at closing, no looks", 2 * replicates),
            ("naive", "fixed 5% test at every look (what must not be done)", -(-replicates // 2)),
            ("sequence", "confidence sequence at 5% alone", -(-replicates // 2)),
            ("spending", "O'Brien-Fleming type spending, 12 planned looks, 5%", -(-replicates // 2)),
        ):
            yield f"  {text:<71}{waves_seen:>8}{said[rule] / waves_seen:>8.1%}"


def looks_of_one_wave(
    county: KnownCounty, rng: np.random.Generator, fractions, planned: float, bounds: np.ndarray | None
) -> set[str]:
    """The rules under which this wave was called "met" at some look; without `bounds` only the product's."""
    n, valid, satisfied = (
        part.cumsum(axis=1) for part in draw_wave(county, rng, fractions=fractions, days=LOOKS)
    )
    audience = county.cells["audience"].to_numpy()
    fewest = np.min([valid[audience == name].sum(axis=0) for name in SHARES], axis=0)
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


def waves(
    seed: int, schools: int, truth: float, fractions, share: float | None, replicates: int
) -> Iterator[CompositeEstimate]:
    """Waves of four counties in turn, all with the same true composite."""
    rng = np.random.default_rng([seed, schools, round(1000 * truth), len(fractions)])
    counties = [known_county(seed + i, schools=schools, truth=truth) for i in range(4)]
    done = 0
    while done < replicates:
        county = counties[done % len(counties)]
        n, valid, satisfied = (part[:, 0] for part in draw_wave(county, rng, fractions=fractions))
        sampled = None if share is None else sample_schools(county, rng, share=share)
        yield estimate(county, n, valid=valid, satisfied=satisfied, sampled=sampled)
        done += 1


def interval(wave: CompositeEstimate, variance: float) -> Interval:
    """The default interval of a composite on the variance given."""
    kish = 1 / sum(a.share**2 / a.n_eff for a in wave.audiences if a.share > 0)
    return korn_graubard(ShareEstimate(wave.estimate, variance, wave.n_valid, wave.df, kish_n=kish))


def planned_information(county: KnownCounty, rng: np.random.Generator, fractions) -> float:
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


if __name__ == "__main__":
    main()
