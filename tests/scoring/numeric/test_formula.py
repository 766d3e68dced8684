"""Expressions and model formulas in the notation of survey statisticians."""

import numpy as np
import pandas as pd
import pytest

from scoring.numeric.design import survey_design
from scoring.numeric.errors import NotComputable
from scoring.numeric.expression import evaluate
from scoring.numeric.formula import model_matrix
from scoring.numeric.regression import difference_test, regress

FRAME = pd.DataFrame(
    {
        "x": [1.0, 2.0, np.nan, 4.0],
        "z": [2, 2, 3, 3],
        "stype": ["M", "E", "H", "E"],
        "满意": ["是", None, "否", "是"],
        "odd name": [1, 0, 1, 0],
        "asked": [None, True, False, True],
        "code": [None, "1", "2", "x"],
    }
)


@pytest.mark.parametrize(
    "text, values",
    [
        ("x > 1", [0, 1, np.nan, 1]),
        ("x + 2 * z ^ 2", [9, 10, np.nan, 22]),
        ("-x ^ 2", [-1, -4, np.nan, -16]),
        ("(x >= 2) & (z == 2)", [0, 1, 0, 0]),
        ("(x >= 2) | (z == 3)", [0, 1, 1, 1]),
        ('!(stype == "E")', [1, 0, 1, 0]),
        ("stype %in% c('E', 'H')", [0, 1, 1, 1]),
        ("z %in% c(2, 5)", [1, 1, 0, 0]),
        ('满意 == "是"', [1, np.nan, 0, 1]),
        ("`odd name` == 1", [1, 0, 1, 0]),
        ("is.na(x)", [0, 0, 1, 0]),
        ("!asked", [np.nan, 0, 1, 0]),
        ("asked & z == 3", [0, 0, 0, 1]),
        ('asked == "TRUE"', [np.nan, 1, 0, 1]),
        ("asked %in% c('FALSE')", [0, 0, 1, 0]),
        ("code == 1", [np.nan, 1, 0, 0]),
        ("code == 满意", [np.nan, np.nan, 0, 0]),
        ("log(exp(x)) != 2", [1, 0, np.nan, 1]),
        ("2 ^ 3 ^ 1 - 1 == z + 5", [1, 1, 0, 0]),
    ],
)
def test_expressions_read_as_r_reads_them(text, values):
    np.testing.assert_allclose(evaluate(text, FRAME)[0], values)


@pytest.mark.parametrize(
    "text, words",
    [
        ("y > 1", "no column 'y'"),
        ("x >", "ends too early"),
        ("x ? 1", "not understood"),
        ("__import__('os')", "not understood"),
        ("open(x)", "unknown"),
        ("stype + 1", "a number is needed"),
        ("x == 1)", "out of place"),
    ],
)
def test_expressions_that_are_not_understood_are_refused(text, words):
    with pytest.raises(ValueError, match=words):
        evaluate(text, FRAME)


def test_categories_are_coded_with_the_first_level_as_base():
    found = model_matrix("x ~ stype + factor(z) + stype:z", FRAME)
    assert found.names == (
        "(Intercept)",
        "stypeH",
        "stypeM",
        "factor(z)3",
        "stypeE:z",
        "stypeH:z",
        "stypeM:z",
    )
    assert found.x[2].tolist() == [1, 1, 0, 1, 0, 3, 0]
    assert model_matrix("~ 0 + stype", FRAME).names == ("stypeE", "stypeH", "stypeM")
    assert model_matrix("~ z * x", FRAME).names == ("(Intercept)", "z", "x", "z:x")
    assert model_matrix('~ I(stype == "E")', FRAME).names == ("(Intercept)", 'I(stype == "E")TRUE')


# Column names of R 4.2.2 `model.matrix`.
CODED_BY_R = {
    "~ a:b": ["(Intercept)", "ax:bp", "ay:bp", "az:bp", "ax:bq", "ay:bq", "az:bq"],
    "~ a:u": ["(Intercept)", "ax:u", "ay:u", "az:u"],
    "~ u + a:u": ["(Intercept)", "u", "u:ay", "u:az"],
    "~ b + a:b": ["(Intercept)", "bq", "bp:ay", "bq:ay", "bp:az", "bq:az"],
    "~ 0 + a:b": ["ax:bp", "ay:bp", "az:bp", "ax:bq", "ay:bq", "az:bq"],
    "~ 0 + u + a": ["u", "ax", "ay", "az"],
    "~ a * b": ["(Intercept)", "ay", "az", "bq", "ay:bq", "az:bq"],
}


@pytest.mark.parametrize("formula, names", CODED_BY_R.items())
def test_an_interaction_without_its_main_effects_keeps_every_level_as_in_r(formula, names):
    frame = pd.DataFrame({"a": list("xyzxyz"), "b": list("pqpqpq"), "u": range(6)})
    assert list(model_matrix(formula, frame).names) == names


def test_a_count_regression_of_one_group_is_the_log_of_its_mean():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"y": rng.poisson(4, 50), "g": ["a", "b"] * 25})
    w = rng.uniform(1, 3, 50)
    design = survey_design(50, weight=w)
    found = regress(design, model_matrix("y ~ g", frame), family="quasipoisson").coefficients
    a, b = (np.average(frame["y"][frame["g"] == g], weights=w[frame["g"] == g]) for g in "ab")
    assert [c.estimate for c in found] == pytest.approx([np.log(a), np.log(b / a)])


def test_a_logistic_regression_that_separates_is_not_computable():
    frame = pd.DataFrame({"y": [0, 0, 0, 1, 1, 1], "x": [1, 2, 3, 4, 5, 6]})
    with pytest.raises(NotComputable, match="separates"):
        regress(survey_design(6, weight=np.ones(6)), model_matrix("y ~ x", frame), family="quasibinomial")


def test_collinear_variables_are_not_computable():
    frame = pd.DataFrame({"y": [1.0, 3, 2, 5, 4], "x": [1, 2, 3, 4, 5], "v": [2, 4, 6, 8, 10]})
    with pytest.raises(NotComputable, match="determine each other"):
        regress(survey_design(5, weight=np.ones(5)), model_matrix("y ~ x + v", frame))


def test_one_sample_test_is_the_mean_over_its_error():
    frame = pd.DataFrame({"y": [1.0, 3, 2, 5, 4]})
    found = difference_test(survey_design(5, weight=np.ones(5)), model_matrix("y ~ 1", frame))
    assert found.statistic == pytest.approx(3 / (np.std([1, 3, 2, 5, 4], ddof=1) / 5**0.5))
    assert found.df == 3
