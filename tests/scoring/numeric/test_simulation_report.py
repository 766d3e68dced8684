from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from bench.simulate import main, verdicts
from bench.simulated_waves import OPEN_LINK, draw_wave, estimate, known_county


@pytest.mark.slow
def test_the_report_runs_and_has_all_its_parts(capsys):
    main(["--replicates", "2", "--counties", "1", "--seed", "5"])
    text = capsys.readouterr().out
    headings = [line[3:].split(" ")[0] for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["Coverage", "Verdict", "12", "Detectors:", "Facts"]
    assert "identical_vectors (answers)" in text


def test_the_verdicts_do_not_depend_on_the_number_of_processes():
    told = []
    for processes in (1, 2):
        with ProcessPoolExecutor(processes) as pool:
            told.append(list(verdicts(pool, 2, seed=5)))
    assert told[0] == told[1]


def test_an_invented_county_has_exactly_the_truth_it_was_asked_for():
    county = known_county(3, schools=12, truth=0.85)
    everybody = county.people * 1000
    satisfied = np.round(everybody * county.true_share).astype(int)
    got = estimate(county, everybody, valid=everybody, satisfied=satisfied)
    assert got.estimate == pytest.approx(0.85, abs=1e-4)


def test_drawn_waves_scatter_around_the_truth_as_their_standard_error_says():
    county = known_county(4, schools=12, truth=0.85)
    rng = np.random.default_rng(4)
    found = []
    for _ in range(60):
        n, valid, satisfied = (part[:, 0] for part in draw_wave(county, rng, fractions=OPEN_LINK))
        found.append(estimate(county, n, valid=valid, satisfied=satisfied))
    errors = np.array([wave.estimate for wave in found]) - 0.85
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(60)
    assert errors.std() == pytest.approx(np.mean([wave.se for wave in found]), rel=0.35)
