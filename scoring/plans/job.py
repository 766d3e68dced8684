"""One case of a plan on its way to a result."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from scoring.numeric.expression import as_word, evaluate
from scoring.plans.answer_table import AnswerTable
from scoring.plans.errors import PlanError
from scoring.plans.sources import Sources


@dataclass
class Job:
    """A case, its sources, and the warnings collected while it is computed."""

    case: Mapping
    sources: Sources
    warnings: list[str] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    @property
    def parameters(self) -> Mapping:
        """The case's parameters, {} if none; one that is null counts as not given. `read` holds the names of
        those that were looked at."""
        given = self.case.get("parameters") or {}
        return _Noted({key: value for key, value in given.items() if value is not None}, self.read)

    @property
    def level(self) -> float:
        """Confidence level of the case's intervals, parameters.level or 0.95."""
        return float(self.parameters.get("level", 0.95))

    @property
    def design(self) -> Mapping:
        """The declared design; refused if there is none, since no design is assumed."""
        design = self.case.get("design")
        if not isinstance(design, Mapping):
            raise PlanError("the case declares no design; say how the answers were drawn under 'design'")
        return design

    @property
    def inline(self) -> Mapping:
        """The scalars or columns given in the plan itself."""
        inline = (self.case.get("inputs") or {}).get("inline")
        if not isinstance(inline, Mapping):
            raise PlanError("this estimator takes its numbers from inputs.inline")
        return inline

    def answers(self) -> AnswerTable:
        """The case's one table, as all cases share it."""
        inputs = self.case.get("inputs") or {}
        table = self.sources.main(inputs)
        expected = inputs.get("rows")
        if expected is not None and expected != len(table):
            self.warn(f"the plan speaks of {expected} rows, the table has {len(table)}")
        return table

    def table(self) -> pd.DataFrame:
        """The case's one table, as a frame of its own."""
        return self.answers().frame.copy(deep=False)

    def name_of(self, role: str) -> str:
        """The file name of the table that the inputs name under `role` ("responses", "strata", …)."""
        entry = (self.case.get("inputs") or {}).get(role)
        name = entry.get("file") if isinstance(entry, Mapping) else entry
        if not isinstance(name, str) or len(name) > 250:
            raise PlanError(f"inputs.{role} names no file")
        return name

    def named_answers(self, role: str) -> AnswerTable:
        """That table, as all cases share it."""
        return self.sources.named(self.name_of(role))

    def named_table(self, role: str) -> pd.DataFrame:
        """That table, as a frame of its own."""
        return self.named_answers(role).frame.copy(deep=False)

    def has_input(self, role: str) -> bool:
        """Whether the inputs name a table under `role`."""
        return role in (self.case.get("inputs") or {})

    def need(self, key: str):
        """A parameter that must be there."""
        if key not in self.parameters:
            given = ", ".join(self.parameters) or "none"
            raise PlanError(f"parameters.{key} is missing (given: {given})")
        return self.parameters[key]

    def warn(self, sentence: str) -> None:
        """Note something a reader of the result should know."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)


class _Noted(Mapping):
    """A mapping that notes which of its keys were asked for."""

    def __init__(self, entries: Mapping, asked: set[str]) -> None:
        self._entries, self._asked = entries, asked

    def __getitem__(self, key: str):
        self._asked.add(key)
        return self._entries[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def domain_mask(table: AnswerTable, domain) -> np.ndarray | None:
    """Rows of a domain: {"column", "values"}, a list of these that must all hold, or an expression; None:
    all."""
    if domain is None:
        return None
    if isinstance(domain, str):
        values, _ = evaluate(domain, table.frame)
        return values == 1
    if isinstance(domain, Mapping):
        wanted = domain.get("values", [domain.get("value")])
        chosen = {as_word(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
        return np.asarray(table.words(domain["column"], "parameters.domain").isin(list(chosen)))
    masks = [domain_mask(table, part) for part in domain]
    return np.logical_and.reduce(masks)


def number(value):
    """A number fit for JSON: whole numbers stay whole, not-a-number becomes null."""
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    if isinstance(value, int | np.integer):
        return int(value)
    value = float(value)
    return value if np.isfinite(value) else None


def plain(value):
    """The same for nested results: arrays become lists, tuples lists, dataclass-free."""
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return number(value)
