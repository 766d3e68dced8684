"""The same tables by balance and by weightipy, without standard errors: neither gives any.

.venv-bench/bin/python bench/survey_peers.py PROGRAM FILE RESULT

Runs in its own environment and imports nothing of Renke. Each program rakes the whole table by the call its
own introduction shows. The weighted shares are then sums in pandas, which is faster than asking the programs.
"""

import itertools
import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

WORDS = {
    "school": [f"school {number + 1}" for number in range(60)],
    "location": ["rural", "town", "urban"],
    "grade": [f"grade {number + 1}" for number in range(6)],
    "relation": ["father", "mother", "other"],
}
MARGINS = ("location", "grade", "relation")
SATISFIED_FROM = 4


def weights_of_balance(replies, margins):
    """Raked to a misfit of 1e-8 like ours; the program's own limit is 5e-4."""
    import balance

    people = sum(margins["location"])
    # The population as rows, which is what the program asks for: every combination of the margins, once.
    rows = list(itertools.product(*(range(len(margins[name])) for name in MARGINS)))
    population = pd.DataFrame(
        {name: [WORDS[name][row[at]] for row in rows] for at, name in enumerate(MARGINS)}
    )
    shares = [
        np.prod([margins[name][at] / people for name, at in zip(MARGINS, row, strict=True)]) for row in rows
    ]
    population["id"], population["people"] = np.arange(len(rows)), np.array(shares) * people
    sample = balance.Sample.from_frame(
        replies[list(MARGINS)].assign(id=np.arange(len(replies))), id_column="id"
    )
    target = balance.Sample.from_frame(population, id_column="id", weight_column="people")
    adjusted = sample.set_target(target).adjust(method="rake", transformations=None, convergence_rate=1e-8)
    return adjusted.weights().df.iloc[:, 0].to_numpy()


def weights_of_weightipy(replies, margins):
    """Raked until a pass improves nothing, as the program always does."""
    import weightipy

    people = sum(margins["location"])
    scheme = weightipy.scheme_from_dict(
        {
            name: {word: 100 * total / people for word, total in zip(WORDS[name], margins[name], strict=True)}
            for name in MARGINS
        }
    )
    return weightipy.weight_dataframe(replies, scheme)["weights"].to_numpy()


def main(program, file, result):
    weights_of = {"balance": weights_of_balance, "weightipy": weights_of_weightipy}[program]
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    __import__(program)
    started = time.perf_counter()
    described = json.loads(Path(file + ".json").read_text(encoding="utf-8"))
    columns = np.fromfile(file, np.int8).reshape(-1, described["replies"])
    items = [f"q{number + 1}" for number in range(len(columns) - len(WORDS))]
    # Codes and words become categories at no cost, as from a Parquet file.
    replies = pd.DataFrame(
        {
            name: pd.Categorical.from_codes(columns[at], words)
            for at, (name, words) in enumerate(WORDS.items())
        }
        | {item: columns[len(WORDS) + at] for at, item in enumerate(items)}
    )
    weights = weights_of(replies, described["margins"])
    satisfied = (replies[items] >= SATISFIED_FROM).mul(weights, axis=0)
    school = columns[0]
    by_school = satisfied.groupby(school).sum().div(pd.Series(weights).groupby(school).sum(), axis=0)
    county = satisfied.sum().to_numpy() / weights.sum()
    seconds = time.perf_counter() - started
    np.concatenate([county, by_school.to_numpy().ravel()]).tofile(result)
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
