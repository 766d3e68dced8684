"""What the simulation report measured of every signal: how often it is wrong, and how often it finds what was
planted. The figures are those of docs/simulation.txt; a test holds them together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """Shares in per cent, as printed there: of honest schools with the signal, of coached and of stuffed
    ones; None where that was not simulated."""

    honest: float
    coached: float
    stuffed: float | None


MEASURED: Mapping[str, Measured] = {
    "identical_vectors": Measured(0.21, 98.0, 0.0),
    "low_variety": Measured(0.75, 11.8, 0.0),
    "level_above_prediction": Measured(0.02, 0.2, 0.0),
    "unusual_burst": Measured(0.10, 53.8, 12.5),
    "many_fast": Measured(0.00, 46.0, 100.0),
    "many_per_device": Measured(0.00, 0.0, 100.0),
    "many_contradictions": Measured(0.00, 40.3, 0.0),
    "channel_gap": Measured(0.00, 1.0, 0.0),
}
# Of contradictions, by statistic; the detectors' own county knows the class size.
MEASURED_FACTS: Mapping[str, Measured] = {
    "average_class_size": MEASURED["many_contradictions"],
    "homework_minutes": Measured(0.70, 32.7, None),
    "training_hours_per_year": Measured(0.51, 39.0, None),
}
REVIEW = Measured(0.00, 98.0, 100.0)  # two independent kinds
# Of rows left out in the comparison with and without: honest ones of honest counties, coached, stuffed.
ROWS = Measured(0.92, 97.20, 100.0)
# Honest schools with the signal although the class size on file was made wrong.
OLD_FILE = 0.0
