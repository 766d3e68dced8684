"""Figures in, the whole result out: the one path of `evaluate_file`, the desk and what-if. No database."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from analysis.county_items import ItemLine
from analysis.evaluation_json import evaluation_json
from analysis.evaluation_plans import county_facts
from analysis.facts import Recognition
from analysis.file_errors import EvaluationFileError
from analysis.findings import ENGLISH, Sentence
from analysis.judging import Evaluation as Judgement
from analysis.judging import evaluate
from analysis.passing import SEED, plan_to_pass, probability_of_passing
from analysis.quantities import NotANumber, read_number
from analysis.school_table import Record
from analysis.shortfalls import Prices, shortfalls
from analysis.standard_parts import Standard

STEPS = 4  # facts, judgement, plan, outlook


class PriceError(EvaluationFileError):
    """A unit price that cannot be used; the sentence says what is allowed."""


@dataclass(frozen=True)
class EvaluatedFigures:
    """The judgement itself, and the same as plain data in the words of `evaluate_file --json`."""

    judgement: Judgement
    result: dict[str, Any]


def evaluate_figures(
    standard: Standard,
    *,
    records: Sequence[Record],
    items: Sequence[ItemLine] = (),
    recognition: Recognition | None = None,
    settings: Mapping[str, str] | None = None,
    prices: Mapping[str, str] | None = None,
    seed: int = SEED,
    names: tuple[str, str] = ("indicators", "county"),
    doubts: Iterable[Sentence] = (),
    version: str = "",
    schools_in_full: Callable[[str], bool] = lambda school: True,
    after_step: Callable[[int], object] = lambda steps_done: None,
) -> EvaluatedFigures:
    """A standard applied to a county's figures. Nothing is stored, and the same figures give the same result.

    settings and prices (yuan per unit of a column) as they were typed; doubts: of reading the files, said
    again beside those of the figures; version: of the program, now's if empty. schools_in_full: whose
    findings stand in the result, for whoever needs but a few; the others have their verdict. after_step hears
    how many of STEPS are done. EvaluationFileError names file, place and what is allowed.
    """
    with without_collector():
        return _evaluate(
            standard, records, items, recognition, settings, prices, seed, names, doubts, version,
            schools_in_full, after_step,
        )  # fmt: skip


@contextmanager
def without_collector() -> Iterator[None]:
    """A large county makes millions of small things, none of them in a circle: looking for circles among
    them again and again took half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _evaluate(
    standard: Standard,
    records: Sequence[Record],
    items: Sequence[ItemLine],
    recognition: Recognition | None,
    settings: Mapping[str, str] | None,
    prices: Mapping[str, str] | None,
    seed: int,
    names: tuple[str, str],
    doubts: Iterable[Sentence],
    version: str,
    schools_in_full: Callable[[str], bool],
    after_step: Callable[[int], object],
) -> EvaluatedFigures:
    asked = unit_prices(standard, prices or {})
    facts, found = county_facts(
        standard, records=records, items=items, recognition=recognition, settings=settings, names=names
    )
    after_step(1)
    judgement = evaluate(facts)
    after_step(2)
    lacking, plan = shortfalls(judgement, prices=asked), plan_to_pass(judgement, prices=asked)
    after_step(3)
    said = {doubt.text(ENGLISH): doubt for doubt in (*doubts, *found)}
    result = evaluation_json(
        judgement,
        shortfalls=lacking,
        plan=plan,
        outlook=probability_of_passing(judgement, seed=seed),
        doubts=said.values(),
        program_version=version or program_version(),
        schools_in_full=schools_in_full,
    )
    after_step(STEPS)
    return EvaluatedFigures(judgement, result)


def unit_prices(standard: Standard, given: Mapping[str, str]) -> Prices:
    """Yuan per unit of a column; blanks are no prices. PriceError for what is none."""
    prices = {}
    for column, text in given.items():
        if column not in standard.columns:
            raise PriceError(
                "单价：没有“{column}”列，可用：{allowed}。",
                "--price: no column '{column}'; allowed: {allowed}",
                column=column,
                allowed=", ".join(standard.columns),
            )
        try:
            price = read_number(text)
        except NotANumber as error:
            raise PriceError(
                "“{column}”的单价：{why}",
                "--price {column}: {why}",
                column=standard.columns[column].name,
                why=error.texts,
            ) from error
        if price is not None:
            prices[column] = price
    return prices


def program_version() -> str:
    try:
        return metadata.version("renke")
    except metadata.PackageNotFoundError:
        return "0.1.0"
