"""Reading a wave collected anywhere: its columns, its codes, its population controls."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.numeric.cells import Cells, Design
from scoring.numeric.errors import NotComputable
from scoring.numeric.lines import lines_of
from scoring.numeric.weighting import CollapsedCells, collapse_cells
from scoring.plans.answer_table import column, renamed, words
from scoring.plans.errors import PlanError
from scoring.plans.job import Job
from scoring.rules import ScoringRule, ScoringRuleError, shipped_rule

NO_SCHOOL = "*"
_PLACE = ["audience", "location", "school"]


@dataclass(frozen=True)
class Answers:
    """A wave's answers in the product's words: audience, location, school per row, scores (n, K) of the
    rule."""

    audience: pd.Categorical
    location: pd.Categorical
    school: pd.Categorical
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
    table = job.answers()
    mapping = job.case.get("columns") or {}
    values = job.case.get("values") or {}

    def labels(role: str, *, missing: str | None = None) -> pd.Categorical:
        name = mapping.get(role)
        if name is None:
            if missing is None:
                raise PlanError(f"columns.{role} is missing; it names the column with the {role}")
            return pd.Categorical.from_codes(np.zeros(len(table), np.int8), [missing])
        found = renamed(table.words(name, f"columns.{role}"), values.get(role, {}), missing=missing)
        empty = found.codes < 0
        if empty.any():
            row = int(np.flatnonzero(empty)[0]) + 2
            raise PlanError(f"line {row} of the table has no {role} (column '{name}')")
        return found

    items = mapping.get("items") or {}
    lacking = [item for item in rule.items if item not in items]
    if lacking:
        raise PlanError(
            f"columns.items does not say which column holds '{lacking[0]}', which rule '{rule.key}' needs"
        )
    read = [
        _scored(table.words(items[item], "columns.items"), values.get("answers") or {}, rule, items[item])
        for item in rule.items
    ]
    return Answers(
        audience=labels("audience"),
        location=labels("location", missing="all"),
        school=labels("school", missing=""),
        scores=np.stack([scores for scores, _ in read]).T,
        unknown=np.stack([unknown for _, unknown in read]).T,
    )


def _scored(
    given: pd.Categorical, codes: Mapping[str, str], rule: ScoringRule, name: str
) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n,) of a column's answers after their translation into `codes`, nan where there is none, and
    whether the answer is don't know or blank."""
    points = rule.valid_scores
    unscored = {*rule.dont_know_codes, "no_answer"}
    options = [codes.get(word, word) for word in given.categories]
    strange = sorted({str(option) for option in options if not pd.isna(option)} - set(points) - unscored)
    if strange:
        allowed = ", ".join([*points, *sorted(unscored)])
        raise PlanError(
            f"column '{name}' holds '{strange[0]}', which is no code of rule '{rule.key}' "
            f"({allowed}); translate it under values.answers"
        )
    # The last entry is what a missing answer (code -1) gets.
    scores = np.array([*(points.get(option, np.nan) for option in options), np.nan], float)
    unknown = np.array([*(pd.isna(option) or option in unscored for option in options), True])
    return scores[given.codes], unknown[given.codes]


def weighted_cells(job: Job, answers: Answers) -> tuple[Cells, np.ndarray, CollapsedCells, dict[str, float]]:
    """Cells with weights from the controls, the cell of every row, the merges, and people per audience."""
    controls = _controls(job)
    per_school = {a for a, s in zip(controls["audience"], controls["school"], strict=True) if s != NO_SCHOOL}
    # Cells keep the school also where the weight is by class: sampled schools are everybody's units.
    places = (answers.audience, answers.location, answers.school)
    together = lines_of([place.codes for place in places])
    audience, location, school = (np.asarray(place[together.example], dtype=object) for place in places)
    fine = pd.DataFrame({"audience": audience, "location": location, "school": school.astype(str)})
    unit = np.where(np.isin(audience.astype(str), list(per_school)), school, NO_SCHOOL)
    keys = pd.DataFrame({"audience": audience, "location": location, "school": unit})
    held = keys.assign(responses=together.rows).groupby(_PLACE, as_index=False)["responses"].sum()
    table = controls.merge(held, on=_PLACE, how="outer", indicator=True)
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
    joined = keys.merge(table, on=_PLACE, how="left", validate="m:1")
    number = fine.groupby(_PLACE, sort=True).ngroup().to_numpy()
    first = np.unique(number, return_index=True)[1]
    lines, weights = fine.iloc[first], joined.iloc[first]
    code = number[together.line]
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
    return table[[*_PLACE, "people"]].astype({"audience": object, "location": object, "school": object})
