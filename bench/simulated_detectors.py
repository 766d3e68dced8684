"""The detectors part of the simulation report: false positives on honest counties, power on planted ones."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor

import numpy as np
import pandas as pd

from scoring.numeric.quality import (
    AnswerSheets,
    find_batches,
    flagged_rows,
    schools_for_review,
    score_detector,
)
from scoring.numeric.quality_facts import beyond_fact, doubted_schools
from scoring.numeric.quality_rows import row_quality, too_fast
from scoring.numeric.quality_signals import (
    Signal,
    channel_gap,
    identical_vectors,
    level_above_prediction,
    low_variety,
    many_contradictions,
    many_fast,
    many_per_device,
    unusual_burst,
)
from scoring.numeric.simulate import (
    DONT_KNOW,
    SimulatedCounty,
    plant_coaching,
    plant_stuffing,
    simulate_county,
)

COACHED = ("S03", "S10", "S20")
STUFFED = "S15"
OLD = ("S05", "S07", "S12")  # whose class size on file is made wrong
PUPILS_OFF = (-9, 6, 12)
TOLERANCE = 5  # pupils; class sizes differ less here than in a real county
REVIEW = "up for review"


def detectors(pool: Executor, counties: int, seed: int) -> Iterator[str]:
    """Signals and review on honest counties and on counties with three coached schools and a stuffed one."""
    yield f"\n## Detectors: {counties} counties of 24 schools, parents only\n"
    yield "Planted: 40% of the parents of three schools copy one vector within 15 minutes; in a fourth school"
    yield "one device adds 25 sheets. False positives are shares of schools (rows: of honest rows)."
    yield "For channel_gap the copied sheets come through the poster, whose code was passed on.\n"
    found = sum(pool.map(_one_county, range(seed, seed + counties), chunksize=4), Counter())
    yield f"{'signal (kind)':<36}{'honest schools':>16}{'coached':>10}{'stuffed':>10}"
    schools = {"honest": 24 * counties, "coached": len(COACHED) * counties, "stuffed": counties}
    for name, label in [*_kinds().items(), (REVIEW, f"{REVIEW}: two independent kinds")]:
        shares = [found[name, where] / of for where, of in schools.items()]
        yield f"{label:<36}{shares[0]:>16.2%}{shares[1]:>10.1%}{shares[2]:>10.1%}"
    wrong = found[REVIEW, "beside"] / (20 * counties)
    yield f"  other schools put up for review in the same counties: {wrong:.2%}"
    old = [found["many_contradictions", where] / (len(OLD) * counties) for where in ("old", "old, plain")]
    yield f"  honest schools with a wrong class size on file, many_contradictions: {old[0]:.2%}"
    yield f"    the same without doubting what most of a school contradict: {old[1]:.2%}"
    yield "\nRows left out in the comparison with and without flagged answers"
    for label, text in (
        ("honest", "honest rows, honest counties"),
        ("none", "honest rows, counties with planted schools"),
        ("coached", "coached rows"),
        ("stuffed", "stuffed rows"),
    ):
        yield f"  {text:<46}{found['flagged', label] / found['rows', label]:>8.2%}"


def _one_county(seed: int) -> Counter[tuple[str, str]]:
    """What is found in one honest county, and in the same county after coaching and stuffing: (signal or
    "up for review", where) → schools, and ("rows" or "flagged", label) → rows."""
    found: Counter[tuple[str, str]] = Counter()
    honest = simulate_county(seed, response_fraction={"parent": 0.12})
    planted = plant_coaching(honest, seed=seed, schools=COACHED)
    planted = plant_stuffing(planted, seed=seed, school=STUFFED)
    for county, is_planted in ((honest, False), (planted, True)):
        signals, sheets = school_signals(county)
        batches = find_batches(sheets)
        review = {one.school for one in schools_for_review(signals, batches=batches)}
        hits = {signal.name: set(signal.school[signal.hit].astype(str)) for signal in signals}
        for name, hit in [*hits.items(), (REVIEW, review)]:
            if is_planted:
                found[name, "coached"] += len(hit & set(COACHED))
                found[name, "stuffed"] += len(hit & {STUFFED})
                found[name, "beside"] += len(hit - {*COACHED, STUFFED})
            else:
                found[name, "honest"] += len(hit)
        flags = flagged_rows(sheets, batches=batches)
        if is_planted:
            score = score_detector(flags, labels=county.responses["label"])
            for label in score.rows:
                found["rows", label] += score.rows[label]
                found["flagged", label] += score.flagged[label]
        else:
            found["rows", "honest"] += len(sheets.school)
            found["flagged", "honest"] += int(flags.sum())
    for doubting, where in ((True, "old"), (False, "old, plain")):
        wrong = _contradicts(honest, off=dict(zip(OLD, PUPILS_OFF, strict=True)), doubting=doubting)
        signal = many_contradictions(honest.responses["school"], contradicts=wrong)
        found[signal.name, where] += len(set(signal.school[signal.hit]) & set(OLD))
    return found


def _kinds() -> dict[str, str]:
    """Signal → its name with its kind, in the order of the report."""
    signals, _ = school_signals(simulate_county(1, response_fraction={"parent": 0.12}))
    return {signal.name: f"{signal.name} ({signal.kind})" for signal in signals}


def school_signals(county: SimulatedCounty) -> tuple[list[Signal], AnswerSheets]:
    """All signals per school, and the sheets for batches."""
    frame, items = county.responses, list(county.items)
    school = frame["school"].to_numpy()
    wrong = _contradicts(county)
    sheets = AnswerSheets(
        school=school,
        answers=frame[items].to_numpy(float),
        submitted_s=frame["submitted_s"].to_numpy(float),
        duration_s=frame["duration_s"].to_numpy(),
        device=frame["device"].to_numpy(object),
        contradicts=wrong,
    )
    fast = too_fast(row_quality(sheets.answers, duration_s=sheets.duration_s))
    scores = np.where(sheets.answers == DONT_KNOW, np.nan, sheets.answers)
    overall = frame.loc[frame[county.overall] != DONT_KNOW, ["school", county.overall]]
    level = (overall[county.overall] >= 4).groupby(overall["school"]).agg(["sum", "size"])
    channels = _by_channel(county)
    return [
        identical_vectors(school, answers=sheets.answers),
        low_variety(school, scores=scores),
        level_above_prediction(level["sum"], n=level["size"], school=level.index),
        unusual_burst(school, submitted_s=sheets.submitted_s),
        many_fast(school, fast=fast),
        many_per_device(school, device=sheets.device),
        many_contradictions(school, contradicts=wrong),
        channel_gap(
            channels.index,
            share_open=channels["mean", "poster"], n_open=channels["size", "poster"],
            share_slips=channels["mean", "slip"], n_slips=channels["size", "slip"],
        ),
    ], sheets  # fmt: skip


def _contradicts(
    county: SimulatedCounty, *, off: Mapping[str, float] | None = None, doubting: bool = True
) -> np.ndarray:
    """Rows whose class size contradicts the one on file, which is `off` by so many pupils at some schools;
    none at a school whose file is doubted."""
    frame = county.responses
    known = county.schools.set_index("school")["class_size"] + pd.Series(off or {}, dtype=float).reindex(
        county.schools["school"], fill_value=0
    )
    on_file, said = known.reindex(frame["school"]).to_numpy(), frame["class_size_said"].to_numpy()

    def beyond(tolerance: float) -> np.ndarray:
        return beyond_fact(said, said, known_low=on_file, known_high=on_file, tolerance=tolerance)

    wrong = beyond(TOLERANCE) != 0
    if not doubting:
        return wrong
    doubted = doubted_schools(
        frame["school"].to_numpy(str),
        beyond_half=beyond(TOLERANCE / 2),
        audience=frame["audience"].to_numpy(str),
    )
    return wrong & ~np.isin(frame["school"].to_numpy(str), doubted)


def _by_channel(county: SimulatedCounty) -> pd.DataFrame:
    """School → share and number of those satisfied overall, by channel; coached sheets came by the poster."""
    frame = county.responses[county.responses[county.overall] != DONT_KNOW]
    channel = frame["channel"].mask(frame["label"] == "coached", "poster")
    satisfied = (frame[county.overall] >= 4).astype(float)
    return satisfied.groupby([frame["school"], channel]).agg(["mean", "size"]).unstack().fillna(0)
