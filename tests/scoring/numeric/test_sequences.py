import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.sequences import (
    ALPHA_CLOSING,
    ALPHA_EARLY,
    asymptotic_sequence,
    bernoulli_sequence,
    early_look,
    mixture_rho2,
    normal_mixture_boundary,
)
from tests.golden_cases import assert_matches, golden_cases

CASES = golden_cases("confidence_sequence")
SHARES = [case for case in CASES if "successes" in case.inputs["inline"]]
ESTIMATES = [case for case in CASES if "estimate" in case.inputs["inline"]]


@pytest.mark.parametrize("case", SHARES, ids=lambda case: case.id)
def test_share_sequence_equals_confseq(case):
    given_ = dict(case.inputs["inline"])
    lower, upper = bernoulli_sequence(given_.pop("successes"), **given_)
    assert_matches({"ci": [lower, upper]}, case)


@pytest.mark.parametrize("case", ESTIMATES, ids=lambda case: case.id)
def test_estimate_sequence_equals_confseq_and_the_closed_form(case):
    i = case.inputs["inline"]
    common = {"se": i["se"], "n_eff": i["n_eff"], "t_opt": i["t_opt"], "alpha": i["alpha"]}
    two = asymptotic_sequence(i["estimate"], sides="two", **common)
    one = asymptotic_sequence(i["estimate"], sides="one", **common)
    got = {
        "asympcs_two_sided": {"rho2": two.rho2, "margin": two.margin, "ci": [two.lower, two.upper]},
        "asympcs_one_sided": {"margin": one.margin, "lower_limit": one.lower, "upper_limit": one.upper},
    }
    for sides in ("two", "one"):
        u = normal_mixture_boundary(i["n_eff"], alpha=i["alpha"], v_opt=i["t_opt"], sides=sides)
        margin = i["se"] * u / np.sqrt(i["n_eff"])
        low, high = i["estimate"] - margin, i["estimate"] + margin
        got[f"{sides}_sided"] = {"boundary": u, "margin": margin, "ci": [low, high], "lower_limit": low}
    assert_matches(got, case)


@given(st.floats(1, 1e5), st.floats(0.001, 0.4), st.floats(10, 1e4))
def test_two_sided_sequence_is_the_normal_mixture_boundary(n, alpha, t_opt):
    margin = asymptotic_sequence(0.5, se=0.01, n_eff=n, t_opt=t_opt, alpha=alpha).margin
    boundary = normal_mixture_boundary(n, alpha=alpha, v_opt=t_opt)
    assert margin == pytest.approx(0.01 * boundary / np.sqrt(n), rel=1e-10)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.2))
def test_share_sequence_contains_the_share_and_is_wider_at_a_stricter_level(count, alpha):
    x, n = count
    lower, upper = bernoulli_sequence(x, n=n, t_opt=500, alpha=alpha)
    assert 0 <= lower <= x / n <= upper <= 1
    wider = bernoulli_sequence(x, n=n, t_opt=500, alpha=alpha / 2)
    assert wider[0] <= lower + 1e-12
    assert wider[1] >= upper - 1e-12


def test_share_sequence_knows_nothing_before_the_first_answer():
    assert bernoulli_sequence(0, n=0, t_opt=500) == (0.0, 1.0)


def test_share_sequence_ends_are_exact_when_all_agree():
    assert bernoulli_sequence(40, n=40, t_opt=500)[1] == 1.0
    assert bernoulli_sequence(0, n=40, t_opt=500)[0] == 0.0


def test_daily_looks_at_a_share_miss_the_truth_less_often_than_alpha():
    rng = np.random.default_rng(2024)
    answers = rng.random((400, 600)) < 0.85
    counts = answers.cumsum(axis=1)
    missed = np.zeros(400, dtype=bool)
    for n in range(20, 601, 40):
        for path, x in enumerate(counts[:, n - 1]):
            lower, upper = bernoulli_sequence(int(x), n=n, t_opt=300, alpha=0.1)
            missed[path] |= not lower <= 0.85 <= upper
    assert missed.mean() <= 0.1


def test_early_word_is_wrong_less_often_than_its_error_at_any_number_of_looks():
    """At the threshold itself every "met" is wrong; 200 looks, alpha 5% for a visible rate."""
    rng = np.random.default_rng(7)
    n = np.arange(30, 3030, 15)
    sums = np.cumsum(rng.normal(0, np.sqrt(15), size=(4000, n.size)), axis=1) + rng.normal(
        0, np.sqrt(15), size=(4000, 1)
    )
    margin = np.array(
        [asymptotic_sequence(0, se=k**-0.5, n_eff=k, t_opt=1000, sides="one").margin for k in n]
    )
    wrong = (sums / n >= margin).any(axis=1).mean()
    assert 0 < wrong <= 0.05


def test_early_and_closing_error_add_up_to_five_percent():
    assert pytest.approx(0.05) == ALPHA_EARLY + ALPHA_CLOSING


def test_early_look_says_met_only_when_clear_and_every_audience_is_there():
    clear = {"variance_smoothed": 1e-5, "t_opt": 1000}
    assert early_look(0.90, **clear, smallest_audience_answers=30).word == "met"
    assert early_look(0.80, **clear, smallest_audience_answers=30).word == "not_met"
    near = early_look(0.853, **clear, smallest_audience_answers=30)
    assert near.word is None
    assert "threshold" in near.why_no_word
    few = early_look(0.90, **clear, smallest_audience_answers=29)
    assert few.word is None
    assert "29" in few.why_no_word


def test_early_look_at_a_unanimous_county_says_nothing():
    look = early_look(1.0, variance_smoothed=1e-4, t_opt=1000, smallest_audience_answers=50)
    assert (look.lower, look.upper, look.word) == (0.0, 1.0, None)


def test_sequence_is_relatively_narrowest_near_its_tuning_point():
    n = np.geomspace(10, 1e5, 400)
    relative = [normal_mixture_boundary(v, alpha=0.05, v_opt=1000) / np.sqrt(v) for v in n]
    assert n[int(np.argmin(relative))] == pytest.approx(1000, rel=0.1)


def test_refuses_what_makes_no_sense():
    with pytest.raises(NumericInputError):
        mixture_rho2(0.05, t_opt=0)
    with pytest.raises(NumericInputError):
        bernoulli_sequence(5, n=4, t_opt=100)
    with pytest.raises(NumericInputError):
        early_look(0.9, variance_smoothed=0, t_opt=100, smallest_audience_answers=40)
    with pytest.raises(NotComputable):
        asymptotic_sequence(0.9, se=0.1, n_eff=0, t_opt=100)
