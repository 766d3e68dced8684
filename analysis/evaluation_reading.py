"""A frozen evaluation as its readers see it: schools with their shortfalls, what blocks, what is open.

Everything is read from the stored result and the stored standard; nothing is judged anew.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from analysis.columns import STAGE_NAMES
from analysis.evaluation_words import amounts_text, lacking_text
from analysis.facts import CountyFacts
from analysis.findings import Texts, said
from analysis.models import Evaluation
from analysis.standard import read_standard
from analysis.standard_parts import Standard

Result = Mapping[str, Any]
_WITH_CODE = re.compile(r"(?P<name>.*) \[(?P<code>[^\[\]]+)\]", re.DOTALL)
_FIRST = ("veto", "gate", "judged")  # what speaks first


@dataclass(frozen=True)
class StageLine:
    """A school at one stage, or the whole school (stage ""): verdict, what it lacks, why it is left out."""

    stage: str
    verdict: str | None
    pupils: Any
    excluded: str
    lacking: str
    findings: Sequence[Result]


@dataclass(frozen=True)
class SchoolLine:
    """A school as lists show it. place: its number in the result, which never changes."""

    place: int
    name: str
    code: str
    school_type: str
    location: str
    verdict: str | None
    excluded: str
    pupils: Any
    parts: tuple[StageLine, ...]

    @property
    def lacks(self) -> bool:
        return any(part.lacking for part in self.parts)

    @property
    def word(self) -> str:
        """What lists are filtered by: the verdict, or "left_out" where nothing is judged."""
        return self.verdict or "left_out"


@lru_cache(maxsize=16)
def _standard(digest: str, text: str, key: str) -> Standard:
    return read_standard(text, name=f"{key}.toml")


def standard_of_evaluation(evaluation: Evaluation) -> Standard:
    """The standard that was applied, from the text that was kept."""
    return _standard(evaluation.standard_digest, evaluation.standard_text, evaluation.standard_key)


def name_and_code(school: str) -> tuple[str, str]:
    """A result calls a school "城关小学 [S1]"; the code is "" where the table has none."""
    found = _WITH_CODE.fullmatch(school)
    return (found["name"], found["code"]) if found else (school, "")


def school_lines(result: Result, standard: Standard, *, language: str) -> list[SchoolLine]:
    """All schools in the order of their codes (never ranked), each with its stages."""
    lines = [
        school_line(result, place, standard, language=language) for place in range(len(result["schools"]))
    ]
    return sorted(lines, key=lambda line: (line.code == "", line.code, line.name))


def school_line(result: Result, place: int, standard: Standard, *, language: str) -> SchoolLine:
    school = result["schools"][place]
    name, code = name_and_code(school["school"])
    parts = [("", school), *((stage["stage"], stage) for stage in school["stages"])]
    return SchoolLine(
        place=place,
        name=name,
        code=code,
        school_type=school["school_type"],
        location=school["location"] or "",
        verdict=school["verdict"],
        excluded=_excluded(school, language),
        pupils=school["pupils"],
        parts=tuple(
            StageLine(
                stage, part["verdict"], part["pupils"], _excluded(part, language),
                lacking_text(part["shortfalls"], standard, language=language), part["findings"],
            )
            for stage, part in parts
            if stage or part["findings"] or part["shortfalls"] or not school["stages"]
        ),
    )  # fmt: skip


def blockers(result: Result) -> list[Result]:
    """The criteria that are missed: what vetoes first, then what bars the way, then the others."""
    missed = [one for one in result["criteria"] if one["counts"] and one["verdict"] == "not_met"]
    return sorted(missed, key=lambda one: _FIRST.index(one["role"]) if one["role"] in _FIRST else 9)


def still_open(result: Result) -> list[Result]:
    """The criteria of which nothing can be said yet."""
    words = ("not_computable", "undetermined")
    return [one for one in result["criteria"] if one["counts"] and one["verdict"] in words]


def counted_words(result: Result) -> dict[str, int]:
    """Verdict word → how many of the criteria that count."""
    return Counter(one["verdict"] for one in result["criteria"] if one["counts"])


def names_of(codes: Iterable[str], standard: Standard, *, language: str) -> list[str]:
    """What a reader calls these columns, items and settings (`missing`)."""
    return [said(name, language) for name in CountyFacts(standard, (), ()).names(codes)]


def recognition_in(result: Result) -> Result | None:
    """The criterion about recognition, if the standard has one; also one that is only shown."""
    return next((one for one in result["criteria"] if "origin" in one["details"]), None) or next(
        (one for one in result["criteria"] if one["kind"] == "recognition"), None
    )


def is_typed(result: Result) -> bool:
    """Whether the recognition rate was typed in from elsewhere."""
    found = recognition_in(result)
    return bool(found and found["details"].get("origin") == "typed")


@dataclass(frozen=True)
class PlanLine:
    """What one school (at its stage) gets in the plan."""

    school: str
    code: str
    stage: str
    additions: str
    left: str
    ways: int
    cost: Any


def plan_lines(result: Result, standard: Standard, *, language: str) -> list[PlanLine]:
    """The schools' part of the plan, in the order of codes."""
    lines = []
    for one in result["plan"]["schools"]:
        name, code = name_and_code(one["school"])
        lines.append(
            PlanLine(
                name,
                code,
                one["stage"],
                amounts_text(one["add"], standard, language=language),
                "、".join(indicator_names(one["left_below_limit"], standard, language=language)),
                one["ways"],
                one["cost_yuan"],
            )  # fmt: skip
        )
    return sorted(lines, key=lambda line: (line.code == "", line.code, line.school, line.stage))


def indicator_names(keys: Iterable[str], standard: Standard, *, language: str) -> list[str]:
    """Indicators, or yes/no columns, as a reader calls them."""
    found: list[Texts | str] = []
    for key in keys:
        named = standard.indicators.get(key) or standard.columns.get(key)
        found.append(named.name if named else key)
    return [said(name, language) for name in found]


@dataclass(frozen=True)
class Turned:
    """Something that has another verdict than before."""

    name: str
    before: str | None
    after: str | None


def turned_criteria(before: Result, after: Result, *, language: str) -> list[Turned]:
    """The criteria with another verdict in the later result; those of one side only are left out."""
    earlier = {one["key"]: one["verdict"] for one in before["criteria"]}
    return [
        Turned(said(one["name"], language), earlier[one["key"]], one["verdict"])
        for one in after["criteria"]
        if one["key"] in earlier and earlier[one["key"]] != one["verdict"]
    ]


def turned_schools(before: Result, after: Result) -> list[Turned]:
    """The schools with another verdict in the later result, by code or, without one, by name."""
    earlier = {school_key(one["school"]): one["verdict"] for one in before["schools"]}
    return [
        Turned(name_and_code(one["school"])[0], earlier[school_key(one["school"])], one["verdict"])
        for one in after["schools"]
        if school_key(one["school"]) in earlier and earlier[school_key(one["school"])] != one["verdict"]
    ]


def came_and_went(before: Result, after: Result) -> tuple[list[str], list[str]]:
    """Schools that only the later, and only the earlier result has."""
    earlier, later = (
        {school_key(one["school"]): name_and_code(one["school"])[0] for one in result["schools"]}
        for result in (before, after)
    )
    return (
        [name for who, name in later.items() if who not in earlier],
        [name for who, name in earlier.items() if who not in later],
    )


def stage_name(stage: str, *, language: str) -> str:
    return said(STAGE_NAMES[stage], language) if stage in STAGE_NAMES else stage


def dispersion_lines(result: Result) -> Iterator[Result]:
    """The coefficients, primary schools first, in the order of the indicators."""
    yield from sorted(result["dispersions"], key=lambda one: ("primary", "junior").index(one["stage"]))


def school_key(school: str) -> str:
    """What tells a school from others in two results: its code, or its name where it has none."""
    name, code = name_and_code(school)
    return code or name


def _excluded(part: Result, language: str) -> str:
    return said(part["excluded"], language) if part["excluded"] else ""
