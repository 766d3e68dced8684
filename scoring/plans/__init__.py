"""Plans: what to compute from a table of answers, as data.

A plan is a JSON object in the vocabulary of the reference cases (`estimator`, `inputs`, `design`,
`adjust`, `parameters`), or one with several of them under `cases`. It runs without the database; see
`docs/score-file.md`.
"""

from scoring.plans.errors import PlanError
from scoring.plans.runner import PLAN_VERSION, estimators, run_plan

__all__ = ["PLAN_VERSION", "PlanError", "estimators", "run_plan"]
