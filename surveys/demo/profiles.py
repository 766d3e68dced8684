"""How each audience of the demonstration county is made to answer: how satisfied, how informed, and when.

The figures are invented. They are chosen so that the county stands a little above 85%, close enough for
the verdict to be worth a look.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One audience. `mood` is the mean of the satisfaction scale (standard deviation about 1).

    `unknown` is the share of 不了解 on an item of average difficulty, `comments` the share who write one,
    `seconds` the median time, `hours` (from, to, weight) when they answer.
    """

    mood: float
    unknown: float
    comments: float
    seconds: float
    hours: tuple[tuple[float, float, float], ...]
    voice: str  # whose sentences a comment is made of


EVENING = ((12.0, 13.5, 2.0), (17.5, 19.0, 2.0), (19.0, 22.5, 6.0))
SCHOOL_DAY = ((8.2, 11.6, 5.0), (14.0, 17.2, 5.0))
STAFF_ROOM = ((8.0, 11.8, 3.0), (12.2, 14.0, 4.0), (16.0, 18.5, 3.0))
OFFICE_DAY = ((8.5, 12.0, 4.0), (14.5, 18.0, 4.0), (20.0, 22.0, 1.0))
ALL_DAY = ((8.0, 12.0, 3.0), (14.0, 18.0, 3.0), (18.5, 21.5, 4.0))

PROFILES = {
    "parent": Profile(0.28, 0.04, 0.13, 105, EVENING, "parent"),
    "student": Profile(0.46, 0.03, 0.16, 150, SCHOOL_DAY, "student"),
    "teacher": Profile(0.21, 0.012, 0.10, 95, STAFF_ROOM, "teacher"),
    "principal": Profile(0.72, 0.004, 0.22, 120, OFFICE_DAY, "principal"),
    "deputy": Profile(0.34, 0.05, 0.20, 110, OFFICE_DAY, "society"),
    "cppcc": Profile(0.20, 0.05, 0.22, 115, OFFICE_DAY, "society"),
    "resident": Profile(0.04, 0.13, 0.12, 125, ALL_DAY, "society"),
}
# What people find easier or harder to be satisfied with, and how little is known of it (times `unknown`).
TOPIC_MOODS = {
    "moral_education": 0.12, "fair_policy": 0.02, "shared_resources": -0.24, "school_conduct": 0.08,
    "quality_oriented": -0.06, "exam_reform": -0.20, "teaching_quality": 0.14, "workload": -0.38,
    "overall": 0.04,
}  # fmt: skip
TOPIC_UNKNOWNS = {"fair_policy": 1.6, "shared_resources": 2.2, "exam_reform": 1.9, "overall": 0.35}
LOCATION_MOODS = {"urban": -0.06, "town": 0.08, "rural": 0.0}
HOMEWORK = {
    "g1_3": {"none": 0.14, "to_60": 0.62, "to_90": 0.17, "to_120": 0.05, "over_120": 0.02},
    "g4_6": {"none": 0.06, "to_60": 0.52, "to_90": 0.28, "to_120": 0.10, "over_120": 0.04},
    "g7_9": {"none": 0.02, "to_60": 0.20, "to_90": 0.40, "to_120": 0.26, "over_120": 0.12},
}
SKIPPED = {"class_size": 0.18, "homework": 0.04, "training_hours": 0.10, "improve": 0.22, "burden": 0.10}
