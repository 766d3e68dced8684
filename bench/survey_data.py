"""Replies that every compared program reads: one byte per answer, column after column, and the margins.

python -m bench.survey_data REPLIES FILE      writes FILE, and FILE.json beside it

No program reads a plainer form faster, and none is handed more than another. Everything follows from the
seed. Parents of 60 schools in three urban-rural classes answer 20 items on five steps; each item is
answered, because programs differ in what they make of a missing one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

SCHOOLS, ITEMS = 60, 20
# The three margins and their categories; a school lies in one class.
CATEGORIES = {"location": 3, "grade": 6, "relation": 3}
COLUMNS = ("school", *CATEGORIES, *(f"q{number + 1}" for number in range(ITEMS)))
SATISFIED_FROM = 4  # of 1 to 5
SEED = 20251
PEOPLE_PER_REPLY = 8


def write_replies(file: Path, *, replies: int, seed: int = SEED) -> None:
    """`file`: bytes (columns, replies); `file`.json: replies, and margin → people of each category."""
    rng = np.random.default_rng(seed)
    shape = (SCHOOLS, CATEGORIES["grade"], CATEGORIES["relation"])
    size = np.exp(rng.normal(0, 0.5, SCHOOLS))
    people = size[:, None, None] * rng.uniform(0.8, 1.2, shape) * np.array([0.35, 0.5, 0.15])
    people = np.rint(people / people.sum() * replies * PEOPLE_PER_REPLY)
    chance = people * rng.uniform(0.5, 1.5, shape)  # who answers is not who is there
    cell = rng.choice(chance.size, size=replies, p=(chance / chance.sum()).ravel())
    school, grade, relation = np.unravel_index(cell, shape)
    location = np.arange(SCHOOLS) * 3 // SCHOOLS
    with file.open("wb") as out:
        for column in (school, location[school], grade, relation):
            out.write(column.astype(np.int8).tobytes())
        own = rng.normal(0, 0.7, replies) + rng.normal(0, 0.25, SCHOOLS)[school] + 0.08 * relation
        for ease in np.linspace(0.15, -0.15, ITEMS):
            mood = own + rng.normal(1.05 + ease, 0.7, replies)
            out.write((1 + np.digitize(mood, (-1.1, -0.55, 0.0, 0.65))).astype(np.int8).tobytes())
    totals = {
        "location": np.bincount(location, weights=people.sum(axis=(1, 2))),
        "grade": people.sum(axis=(0, 2)),
        "relation": people.sum(axis=(0, 1)),
    }
    margins = {name: [int(total) for total in totals[name]] for name in CATEGORIES}
    described_in(file).write_text(json.dumps({"replies": replies, "margins": margins}), encoding="utf-8")


def described_in(file: Path) -> Path:
    return file.with_name(file.name + ".json")


if __name__ == "__main__":
    write_replies(Path(sys.argv[2]), replies=int(sys.argv[1]))
