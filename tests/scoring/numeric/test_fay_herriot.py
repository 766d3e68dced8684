import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.fay_herriot import fay_herriot
from tests.golden_cases import assert_matches, case_frame, golden_cases


def simulated(rng, *, areas=40, a=0.003, slope=0.05):
    x = rng.normal(size=areas)
    v = rng.uniform(0.001, 0.006, areas)
    truth = 0.85 + slope * x + rng.normal(size=areas) * np.sqrt(a)
    return truth, truth + rng.normal(size=areas) * np.sqrt(v), v, x


@pytest.mark.parametrize("case", golden_cases("small_area_fay_herriot"), ids=lambda case: case.id)
def test_eblup_equals_metafor(case):
    frame = case_frame(case)
    names = [name.strip() for name in case.parameters["covariates"].split(",")]
    covariates = frame[names[1:]] if len(names) > 1 else None
    method = "REML" if case.parameters["method"] == "REML" else "moment"
    got = fay_herriot(frame["y"], variance=frame["v"], covariates=covariates, method=method)
    one = covariates is None
    assert_matches(
        {
            "sigma2_area": got.sigma2_area,
            "beta": got.beta[0] if one else got.beta,
            "beta_se": got.beta_se[0] if one else got.beta_se,
            "eblup": [
                {"school": school, "estimate": estimate, "se_no_hyper": se}
                for school, estimate, se in zip(frame["school"], got.estimate, got.se_no_hyper, strict=True)
            ],
            "shrinkage_first5": got.shrinkage[:5],
        },
        case,
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["REML", "ML", "moment"]), st.floats(0.1, 100))
def test_units_change_nothing(seed, method, factor):
    _, y, v, x = simulated(np.random.default_rng(seed))
    plain = fay_herriot(y, variance=v, covariates=x, method=method)
    scaled = fay_herriot(y * factor, variance=v * factor**2, covariates=x, method=method)
    assert scaled.estimate == pytest.approx(plain.estimate * factor, rel=1e-5)
    assert scaled.mse == pytest.approx(plain.mse * factor**2, rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(["REML", "ML", "moment"]))
def test_estimates_lie_between_their_own_and_the_predicted_value(seed, method):
    _, y, v, x = simulated(np.random.default_rng(seed))
    got = fay_herriot(y, variance=v, covariates=x, method=method)
    assert np.all(got.estimate <= np.maximum(y, got.synthetic) + 1e-12)
    assert np.all(got.estimate >= np.minimum(y, got.synthetic) - 1e-12)
    assert np.all(got.mse >= got.se_no_hyper**2 - 1e-12) or method == "moment"


def test_equal_variances_reml_and_moment_have_the_textbook_solution():
    rng = np.random.default_rng(2)
    y, v = rng.normal(0.85, 0.1, 30), np.full(30, 0.002)
    expected = y.var(ddof=1) - 0.002
    for method in ("REML", "moment"):
        assert fay_herriot(y, variance=v, method=method).sigma2_area == pytest.approx(expected, rel=1e-8)


def test_no_spread_beyond_sampling_gives_zero_and_the_common_mean():
    y, v = np.linspace(0.84, 0.86, 12), np.full(12, 0.01)
    for method in ("REML", "ML", "moment"):
        got = fay_herriot(y, variance=v, method=method)
        assert got.sigma2_area == 0
        assert got.estimate == pytest.approx(np.full(12, y.mean()))


@pytest.mark.parametrize("method", ["REML", "ML", "moment"])
def test_prasad_rao_error_is_about_the_real_error(method):
    rng = np.random.default_rng(31)
    squared, said, direct = [], [], []
    for _ in range(300):
        truth, y, v, x = simulated(rng, areas=25)
        got = fay_herriot(y, variance=v, covariates=x, method=method)
        squared.append(np.mean((got.estimate - truth) ** 2))
        direct.append(np.mean((y - truth) ** 2))
        said.append(got.mse.mean())
    assert np.mean(said) == pytest.approx(np.mean(squared), rel=0.08)
    assert np.mean(squared) < 0.75 * np.mean(direct)


def test_an_area_without_answers_gets_what_its_covariates_predict():
    _, y, v, x = simulated(np.random.default_rng(8))
    y[3], v[3] = np.nan, np.nan
    got = fay_herriot(y, variance=v, covariates=x)
    assert got.estimate[3] == got.synthetic[3]
    assert got.shrinkage[3] == 0
    assert got.se_no_hyper[3] > np.sqrt(got.sigma2_area)


def test_what_cannot_be_computed_is_said():
    with pytest.raises(NotComputable, match="2 areas"):
        fay_herriot([0.8, 0.9], variance=[0.01, 0.01], covariates=[[1.0], [2.0]])
    with pytest.raises(NotComputable, match="repeat"):
        fay_herriot([0.8, 0.9, 0.7], variance=[0.01] * 3, covariates=[[1.0]] * 3)


def test_refuses_a_variance_of_zero():
    with pytest.raises(NumericInputError, match="positive"):
        fay_herriot([0.8, 1.0, 0.7], variance=[0.01, 0, 0.01])
    with pytest.raises(NumericInputError, match="allowed are"):
        fay_herriot([0.8, 1.0, 0.7], variance=[0.01] * 3, method="DL")
