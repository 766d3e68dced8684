"""The statistical core: numpy, pandas and scipy only.

Nothing in this folder imports the rest of the project. Formulas follow the project's statistical
specification; the numbers are compared with R `survey` in `tests/scoring/numeric`.
"""
