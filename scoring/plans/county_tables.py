"""A county from several tables: responses or tallies, strata with their populations, margins."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from scoring.numeric.blocks import MarginCalibration
from scoring.numeric.cells import Cells
from scoring.numeric.raking import Margin, RakedWeights, rake
from scoring.numeric.recode import CellSums, aggregate, all_satisfied, cell_sums, item_mean, score_vector
from scoring.plans.answer_table import column, words
from scoring.plans.errors import PlanError
from scoring.plans.job import Job

# The cell of audiences that are weighted by class; the others' cell is the school.
NO_SCHOOL = "*"
CODES = ["1", "2", "3", "4", "5", "dont_know", "no_answer"]
POINTS = {str(code): 25.0 * (code - 1) for code in range(1, 6)}
TOP2 = {str(code): float(code >= 4) for code in range(1, 6)}


@dataclass
class County:
    """Responses (or tallies) of one wave joined with its strata; cells and their sums on demand."""

    lines: pd.DataFrame  # one line per cell: audience, class, school, stratum, weight, N_stratum
    code: np.ndarray  # cell of every response; of every tally line when made from tallies
    responses: pd.DataFrame | None
    counts: dict[str, np.ndarray] | None  # item → (cells, CODES)
    n: np.ndarray

    @cached_property
    def cells(self) -> Cells:
        """The wave's cells with post-stratified weights."""
        return self.with_weights(self.lines["weight"].to_numpy(float), self.lines["stratum"].to_numpy())

    def with_weights(self, weight: np.ndarray, stratum: np.ndarray) -> Cells:
        """The same cells with other weights and strata."""
        return Cells(
            audience=self.lines["audience"].to_numpy(),
            location=self.lines["class"].to_numpy(),
            school=self.lines["school"].to_numpy(),
            stratum=stratum,
            n=self.n,
            weight=weight,
            stratum_population=self.lines["N_stratum"].to_numpy(float),
        )

    @cached_property
    def items(self) -> list[str]:
        """Item columns q1, q2, … in order."""
        if self.counts is not None:
            return sorted(self.counts, key=lambda name: int(name[1:]))
        found = [name for name in self.responses.columns if name[:1] == "q" and name[1:].isdigit()]
        return sorted(found, key=lambda name: int(name[1:]))

    def values(self, variable: str) -> np.ndarray:
        """(n,) values of a variable per response: idx_… or t2_… of "overall" (the last item), "all" (the
        respondent's mean over items) or an item; nan = not valid."""
        kind, _, which = variable.partition("_")
        if kind not in ("idx", "t2"):
            raise PlanError(f"variable '{variable}' is unknown; it begins with idx_ or t2_")
        if self.responses is None:
            raise PlanError(f"variable '{variable}' needs the responses themselves")
        if which == "all":
            return item_mean(self.scores(kind))
        return self._item_scores(kind, self._item(which))

    def scores(self, kind: str) -> np.ndarray:
        """(n, K) scores of all items: "idx" 0–100, "t2" 0/1."""
        return np.stack([self._item_scores(kind, item) for item in self.items]).T

    def _item_scores(self, kind: str, item: str) -> np.ndarray:
        codes = self.responses[item].to_numpy(float)
        valid = (codes >= 1) & (codes <= 5)
        return np.where(valid, 25 * (codes - 1) if kind == "idx" else codes >= 4, np.nan)

    def sums(self, variable: str) -> CellSums:
        """Cell sums of a variable, from responses or from tallies."""
        if self.counts is None:
            return self.sums_of(self.values(variable))
        kind, _, which = variable.partition("_")
        points = score_vector(CODES, POINTS if kind == "idx" else TOP2)
        return cell_sums(self.counts[self._item(which)], points)

    def sums_of(self, values: np.ndarray) -> CellSums:
        """Cell sums of any values per response."""
        return aggregate(values, cell=self.code, n_cells=len(self.lines))

    def rule_values(self, rule: str) -> np.ndarray:
        """(n,) values under one of the named rules of the reference cases."""
        codes = self.responses[self.items[-1]].to_numpy(float)
        valid = (codes >= 1) & (codes <= 5)
        if rule in ("top1", "top2", "top3"):
            return np.where(valid, codes >= 6 - int(rule[-1]), np.nan)
        if rule == "top2_dk_not_satisfied":
            return np.where(valid | (codes == 9), valid & (codes >= 4), np.nan)
        if rule == "all_items_satisfied":
            return all_satisfied(self.scores("t2"))
        if rule == "score_20_to_100":
            return np.where(valid, 20 * codes, np.nan)
        raise PlanError(f"rule '{rule}' is unknown")

    def _item(self, which: str) -> str:
        item = self.items[-1] if which == "overall" else which
        if item not in self.items:
            raise PlanError(f"item '{which}' is unknown; items are {', '.join(self.items)}")
        return item


def county(
    job: Job, *, responses: str = "responses", strata: str = "strata", by_margins: bool = False
) -> County:
    """The county of a case, one for all cases of a plan that name the same tables; it is not to be changed.
    Strata are joined on audience, class and cell (the school, or "*")."""
    answers, name = job.named_answers(responses), job.name_of(strata)

    def join() -> pd.DataFrame:
        table = job.named_table(responses)
        column(table, "school", f"inputs.{responses}")
        return _joined(table, job.named_table(strata))

    def build() -> County:
        return _built(answers.once(f"joined with {name}", join), by_margins=by_margins)

    return answers.once(f"county of {name}, by margins: {by_margins}", build)


def county_of_tallies(job: Job, *, by_margins: bool = False) -> County:
    """The same from option counts: columns audience, class, school, further strata, item, code, count."""
    tallies = job.named_table("tallies")
    tallies["code"] = words(column(tallies, "code", "inputs.tallies"))
    keys = ["audience", "class", "school"] + (["grade_band", "gender"] if by_margins else [])
    joined = _joined(tallies, job.named_table("strata"))
    keys.append("stratum")
    code, lines = _lines(joined, keys)
    counts = {}
    for item in tallies["item"].unique():
        mine = (joined["item"] == item).to_numpy()
        grid = np.zeros((len(lines), len(CODES)))
        place = pd.Categorical(joined["code"][mine], categories=CODES).codes
        if (place < 0).any():
            raise PlanError(f"item '{item}' has a code that is not one of {', '.join(CODES)}")
        np.add.at(grid, (code[mine], place), joined["count"].to_numpy(float)[mine])
        counts[str(item)] = grid
    n = next(iter(counts.values())).sum(axis=1)
    return County(lines, code, None, counts, n)


def raked(
    job: Job, found: County, *, steps: list | None = None
) -> tuple[RakedWeights, list[Margin], np.ndarray]:
    """Weights raked to the margins table per audience, the margins, and the base weights (people ÷
    responses)."""
    table = job.named_table("margins")
    names = list(dict.fromkeys(table["margin"]))
    margins = []
    for name in names:
        crossed = found.lines[name.split(".")[0]].astype(str)
        for part in name.split(".")[1:]:
            crossed = crossed + "." + column(found.lines, part, "inputs.margins").astype(str)
        totals = table[table["margin"] == name].set_index("category")["N"].to_dict()
        margins.append(Margin(name, crossed.to_numpy(), totals))
    people: dict[str, float] = {}
    for category, total in margins[0].totals.items():
        audience = category.split(".")[0]
        people[audience] = people.get(audience, 0.0) + total
    audience = found.lines["audience"].to_numpy(object)
    held = pd.Series(found.n).groupby(audience).sum()
    base = np.array([people[a] / held[a] for a in audience])
    return rake(base, margins, counts=found.n), margins, base


def calibration_of(margins: list[Margin], base: np.ndarray) -> MarginCalibration:
    """What calibrated standard errors need."""
    return MarginCalibration([margin.category for margin in margins], base)


def shares_of(job: Job) -> dict[str, float]:
    """parameters.shares."""
    return {str(k): float(v) for k, v in job.need("shares").items()}


def class_shares_of(job: Job) -> dict[str, float] | None:
    """Class shares if the composite weights classes by residents, None if by the audience's own
    population."""
    text = str(job.parameters.get("composite", job.case.get("title") or ""))
    if "class_share" in text or "resident population share" in text or "resident share" in text:
        return {str(k): float(v) for k, v in job.need("class_shares").items()}
    return None


def _built(joined: pd.DataFrame, *, by_margins: bool) -> County:
    keys = ["audience", "class", "school", "stratum"] + (["grade_band", "gender"] if by_margins else [])
    code, lines = _lines(joined, keys)
    return County(lines, code, joined, None, np.bincount(code, minlength=len(lines)).astype(float))


def _lines(joined: pd.DataFrame, keys: list[str]) -> tuple[np.ndarray, pd.DataFrame]:
    code = joined.groupby(keys, sort=True).ngroup().to_numpy()
    lines = joined.assign(code=code).drop_duplicates("code").sort_values("code").reset_index(drop=True)
    return code, lines


def school_words(schools: pd.Series, written: pd.Series | None = None) -> pd.Series:
    """Schools as words, "" where there is none; codes are spelt as in `written`, if given.

    A table in which every school is a number loses the zeros its codes begin with, and gains a decimal point
    when a row has no school; the same code beside a word in another table does neither.
    """
    named = words(schools).fillna("")
    if written is None:
        return named
    known = set(words(written).dropna())
    spelt = {_bare(word): word for word in sorted(known)}
    return named.map({w: w if w in known else spelt.get(_bare(w), w) for w in named.unique()})


def _bare(word: str) -> str:
    return word.lstrip("0") if word.isascii() and word.isdigit() else word


def _joined(table: pd.DataFrame, strata: pd.DataFrame) -> pd.DataFrame:
    strata["cell"] = words(column(strata, "cell", "inputs.strata"))
    table["school"] = school_words(table["school"], strata["cell"])
    by_school = table["audience"].isin(strata.loc[strata["cell"] != NO_SCHOOL, "audience"])
    table["cell"] = table["school"].where(by_school, NO_SCHOOL)
    keep = [c for c in strata.columns if c not in ("N", "n")]
    joined = table.merge(strata[keep], on=["audience", "class", "cell"], how="left", validate="m:1")
    lost = joined["stratum"].isna()
    if lost.any():
        row = joined[lost].iloc[0]
        raise PlanError(f"cell {row['audience']} / {row['class']} / {row['cell']} is not in the strata table")
    return joined
