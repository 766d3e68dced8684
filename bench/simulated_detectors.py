"""The detectors part of the simulation report: false positives on honest counties, power on planted ones."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from scoring.numeric.quality import (
    AnswerSheets,
    find_batches,
    flagged_rows,
    schools_for_review,
    score_detector,
)
from scoring.numeric.quality_rows import contradicts_fact, row_quality, too_fast
from scoring.numeric.quality_signals import (
    Signal,
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


def detectors(counties: int, seed: int) -> Iterator[str]:
    """Signals and review on honest counties and on counties with three coached schools and a stuffed one."""
    yield f"\n## Detectors: {counties} counties of 24 schools, parents only\n"
    yield "Planted: 40% of the parents of three schools copy one vector within 15 minutes; in a fourth school"
    yield "one device adds 25 sheets. False positives are shares of schools (rows: of honest rows).\n"
    hits, false = Counter(), Counter()
    reviewed = Counter()
    rows, flagged = Counter(), Counter()
    for i in range(counties):
        honest = simulate_county(seed + i, response_fraction={"parent": 0.12})
        planted = plant_coaching(honest, seed=seed + i, schools=COACHED)
        planted = plant_stuffing(planted, seed=seed + i, school=STUFFED)
        for county, bad in ((honest, ()), (planted, (*COACHED, STUFFED))):
            signals, sheets = school_signals(county)
            batches = find_batches(sheets)
            for signal in signals:
                names = signal.school.astype(str)
                if bad:
                    hits[signal.name, "coached"] += signal.hit[np.isin(names, COACHED)].sum()
                    hits[signal.name, "stuffed"] += signal.hit[names == STUFFED].sum()
                else:
                    false[signal.name] += signal.hit.sum()
            names = {one.school for one in schools_for_review(signals, batches=batches)}
            if bad:
                reviewed.update(
                    coached=len(names & set(COACHED)),
                    stuffed=len(names & {STUFFED}),
                    wrong=len(names - set(bad)),
                )
                score = score_detector(
                    flagged_rows(sheets, batches=batches), labels=county.responses["label"]
                )
                rows.update(score.rows)
                flagged.update(score.flagged)
            else:
                reviewed["honest"] += len(names)
                rows["honest"] += len(sheets.school)
                flagged["honest"] += int(flagged_rows(sheets, batches=batches).sum())
    yield f"{'signal (kind)':<36}{'honest schools':>16}{'coached':>10}{'stuffed':>10}"
    for signal in signals:
        yield (
            f"{signal.name + ' (' + signal.kind + ')':<36}{false[signal.name] / (24 * counties):>16.2%}"
            f"{hits[signal.name, 'coached'] / (3 * counties):>10.1%}"
            f"{hits[signal.name, 'stuffed'] / counties:>10.1%}"
        )
    yield (
        f"{'up for review: two independent kinds':<36}{reviewed['honest'] / (24 * counties):>16.2%}"
        f"{reviewed['coached'] / (3 * counties):>10.1%}{reviewed['stuffed'] / counties:>10.1%}"
    )
    yield f"  other schools put up for review in the same counties: {reviewed['wrong'] / (20 * counties):.2%}"
    yield "\nRows left out in the comparison with and without flagged answers"
    for label, text in (
        ("honest", "honest rows, honest counties"),
        ("none", "honest rows, counties with planted schools"),
        ("coached", "coached rows"),
        ("stuffed", "stuffed rows"),
    ):
        yield f"  {text:<46}{flagged[label] / rows[label]:>8.2%}"


def school_signals(county: SimulatedCounty) -> tuple[list[Signal], AnswerSheets]:
    """All signals per school, and the sheets for batches."""
    frame, items = county.responses, list(county.items)
    school = frame["school"].to_numpy()
    known = county.schools.set_index("school")["class_size"].reindex(school).to_numpy()
    wrong = contradicts_fact(frame["class_size_said"], known=known, tolerance=5)
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
    return [
        identical_vectors(school, answers=sheets.answers),
        low_variety(school, scores=scores),
        level_above_prediction(level["sum"], n=level["size"], school=level.index),
        unusual_burst(school, submitted_s=sheets.submitted_s),
        many_fast(school, fast=fast),
        many_per_device(school, device=sheets.device),
        many_contradictions(school, contradicts=wrong),
    ], sheets
