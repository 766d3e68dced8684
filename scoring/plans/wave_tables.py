"""Reading a wave collected anywhere: its columns, its codes, its population controls."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.numeric.cells import Cells, Design
from scoring.numeric.errors import NotComputable
from scoring.numeric.weighting import CollapsedCells, collapse_cells
from scoring.plans.answer_table import column, words
from scoring.plans.errors import PlanError
from scoring.plans.job import Job
from scoring.rules import ScoringRule, ScoringRuleError, shipped_rule

NO_SCHOOL = "*"


@dataclass(frozen=True)
class Answers:
    """A wave's answers in the product's words: audience, location, school per row, scores (n, K) of the
    rule."""

    audience: np.ndarray
    location: np.ndarray
    school: np.ndarray
    scores: np.ndarray
    unknown: np.ndarray  # (n, K) answers that are don't know or blank


def rule_of(job: Job) -> ScoringRule:
    """The shipped rule that the case names."""
    key = job.case.get("rule", job.parameters.get("rule"))
    if not isinstance(key, str):
        raise PlanError("the case names no scoring rule; give 'rule', for example \"satisfied-top2\"")
    try:
        return shipped_rule(key)
    except ScoringRuleError as error:
        raise PlanError(str(error)) from error


def design_of(job: Job) -> Design:
    """The declared design; neither its kind nor the finite population correction is assumed."""
    design = job.design
    if "kind" not in design or "fpc" not in design:
        raise PlanError(
            "design must say 'kind' (all_schools or sampled_schools) and 'fpc' (true or false); "
            "neither is assumed"
        )
    return Design(
        design["kind"],
        fpc=design["fpc"],
        single_unit=design.get("single_unit", "adjust"),
        schools_in_class=design.get("schools_in_class"),
    )


def answers_of(job: Job, rule: ScoringRule) -> Answers:
    """Audience, class, school and scores of every row, after the case's `columns` and `values`."""
    frame = job.table()
    mapping = job.case.get("columns") or {}
    values = job.case.get("values") or {}

    def labels(role: str, *, missing: str | None = None) -> np.ndarray:
        name = mapping.get(role)
        if name is None:
            if missing is None:
                raise PlanError(f"columns.{role} is missing; it names the column with the {role}")
            return np.full(len(frame), missing, dtype=object)
        found = words(column(frame, name, f"columns.{role}")).astype(object)
        translated = found.map(values.get(role, {}), na_action="ignore").where(
            found.isin(list(values.get(role, {}))), found
        )
        empty = translated.isna()
        if empty.any() and missing is None:
            row = int(np.flatnonzero(empty)[0]) + 2
            raise PlanError(f"line {row} of the table has no {role} (column '{name}')")
        return translated.fillna(missing if missing is not None else "").to_numpy(object)

    items = mapping.get("items") or {}
    lacking = [item for item in rule.items if item not in items]
    if lacking:
        raise PlanError(
            f"columns.items does not say which column holds '{lacking[0]}', which rule '{rule.key}' needs"
        )
    points = rule.valid_scores
    unscored = set(rule.dont_know_codes) | {"no_answer"}
    scores, unknown = [], []
    for item in rule.items:
        given = words(column(frame, items[item], "columns.items")).astype(object)
        codes = given.map(lambda v: (values.get("answers") or {}).get(v, v), na_action="ignore")
        strange = sorted({str(c) for c in codes.dropna()} - set(points) - unscored)
        if strange:
            allowed = ", ".join([*points, *sorted(unscored)])
            raise PlanError(
                f"column '{items[item]}' holds '{strange[0]}', which is no code of rule '{rule.key}' "
                f"({allowed}); translate it under values.answers"
            )
        scores.append(codes.map(points, na_action="ignore").astype(float).to_numpy())
        unknown.append((codes.isna() | codes.isin(unscored)).to_numpy())
    return Answers(
        audience=labels("audience"),
        location=labels("location", missing="all"),
        school=labels("school", missing=""),
        scores=np.stack(scores, axis=1),
        unknown=np.stack(unknown, axis=1),
    )


def weighted_cells(job: Job, answers: Answers) -> tuple[Cells, np.ndarray, CollapsedCells, dict[str, float]]:
    """Cells with weights from the controls, the cell of every row, the merges, and people per audience."""
    controls = _controls(job)
    per_school = {a for a, s in zip(controls["audience"], controls["school"], strict=True) if s != NO_SCHOOL}
    unit = np.where(np.isin(answers.audience.astype(str), list(per_school)), answers.school, NO_SCHOOL)
    keys = pd.DataFrame({"audience": answers.audience, "location": answers.location, "school": unit})
    held = keys.value_counts().rename("responses").reset_index()
    table = controls.merge(held, on=["audience", "location", "school"], how="outer", indicator=True)
    stray = table[table["_merge"] == "right_only"]
    if len(stray):
        row = stray.iloc[0]
        raise NotComputable(
            f"{int(row['responses'])} responses of {row['audience']} / {row['location']} / {row['school']} "
            "have no population control; add the number of people to the controls",
            code="controls_missing",
        )
    collapsed = collapse_cells(
        table["audience"],
        location=table["location"],
        cell=table["school"],
        population=table["people"],
        responses=table["responses"].fillna(0).astype(int),
        minimum=int(job.parameters.get("minimum_cell", 5)),
    )
    table["weight"], table["stratum"] = collapsed.weight, collapsed.stratum
    table["N"] = collapsed.stratum_population
    joined = keys.merge(table, on=["audience", "location", "school"], how="left", validate="m:1")
    # Cells keep the school also where the weight is by class: sampled schools are everybody's units.
    fine = pd.DataFrame(
        {"audience": answers.audience, "location": answers.location, "school": answers.school.astype(str)}
    )
    code = fine.groupby(["audience", "location", "school"], sort=True).ngroup().to_numpy()
    first = np.unique(code, return_index=True)[1]
    lines, weights = fine.iloc[first], joined.iloc[first]
    cells = Cells(
        audience=lines["audience"].to_numpy(),
        location=lines["location"].to_numpy(),
        school=lines["school"].to_numpy(),
        stratum=weights["stratum"].to_numpy(),
        n=np.bincount(code),
        weight=weights["weight"].to_numpy(float),
        stratum_population=weights["N"].to_numpy(float),
    )
    people = controls.groupby("audience")["people"].sum().astype(float).to_dict()
    return cells, code, collapsed, people


def _controls(job: Job) -> pd.DataFrame:
    given = job.case.get("controls")
    if isinstance(given, list):
        table = pd.DataFrame(given)
    elif job.has_input("controls"):
        table = job.named_table("controls")
    else:
        raise NotComputable(
            "there are no population controls; name a table under inputs.controls with the columns audience, "
            "location, school (empty where not by school) and people",
            code="controls_missing",
        )
    if "location" not in table.columns:
        table["location"] = "all"
    if "school" not in table.columns:
        table["school"] = NO_SCHOOL
    table["school"] = words(table["school"]).fillna(NO_SCHOOL).replace("", NO_SCHOOL)
    for name in ("audience", "people"):
        column(table, name, "inputs.controls")
    return table[["audience", "location", "school", "people"]].astype(
        {"audience": object, "location": object, "school": object}
    )
