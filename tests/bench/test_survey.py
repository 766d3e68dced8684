"""What the comparison measures is right: counted again row by row, with nothing of the core."""

import json

import numpy as np
import pytest

from bench.survey_data import CATEGORIES, COLUMNS, ITEMS, SCHOOLS, described_in, write_replies
from bench.survey_ours import main

REPLIES = 4000


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """(columns, margins, county and school shares, their errors) as the measured program writes them."""
    file = tmp_path_factory.mktemp("survey") / "replies"
    write_replies(file, replies=REPLIES)
    result = file.with_suffix(".result")
    main(file, result)
    margins = json.loads(described_in(file).read_text())["margins"]
    columns = np.fromfile(file, np.int8).reshape(len(COLUMNS), REPLIES)
    shares, errors = np.fromfile(result).reshape(2, 1 + SCHOOLS, ITEMS)
    return columns.astype(int), margins, shares, errors


def row_weights(columns, margins):
    """Every reply's weight after a thousand passes of proportional fitting."""
    weights = np.ones(columns.shape[1])
    for _ in range(1000):
        for at, name in enumerate(CATEGORIES):
            weights *= (margins[name] / np.bincount(columns[1 + at], weights))[columns[1 + at]]
    return weights


def test_raked_shares_are_those_of_a_recount_row_by_row(measured):
    columns, margins, shares, _ = measured
    weights = row_weights(columns, margins)
    satisfied = columns[4:] >= 4
    in_school = columns[0] == np.arange(SCHOOLS)[:, None]

    recounted = [
        np.average(satisfied[:, chosen], axis=1, weights=weights[chosen])
        for chosen in (np.ones(REPLIES, bool), *in_school)
    ]

    np.testing.assert_allclose(shares, recounted, atol=1e-7)


def test_errors_are_those_of_residuals_row_by_row(measured):
    columns, margins, shares, errors = measured
    weights = row_weights(columns, margins)
    auxiliaries = np.hstack([np.eye(size)[columns[1 + at]] for at, size in enumerate(CATEGORIES.values())])
    school = columns[0]
    for domain, place in ((np.ones(REPLIES, bool), 0), (school == 7, 8), (school == 59, 60)):
        for item in (0, 19):
            satisfied = columns[4 + item] >= 4
            linear = domain * (satisfied - shares[place, item]) / weights[domain].sum()
            fitted = auxiliaries @ np.linalg.lstsq(auxiliaries, linear, rcond=None)[0]
            residual = weights * (linear - fitted)
            variance = sum(
                residual[school == one].var(ddof=1) * (school == one).sum() for one in range(SCHOOLS)
            )
            assert errors[place, item] == pytest.approx(np.sqrt(variance), rel=1e-6)
