"""What every rule kind answers: how it is read from a standard's file, and how it judges a county's facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any, ClassVar

from analysis.columns import STAGE_NAMES
from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import Finding, Quantity, Sentence, Texts, all_of, missing_in, not_computable
from analysis.standard_file import StandardFile
from analysis.standard_parts import Limit
from surveys.toml_file import Table


class Rule:
    """One kind of rule with its numbers. `kind` is its word in the file, `keys` the keys it adds there.

    role: "judged", or "gate" (must hold first), "veto" (fails all), "reference" (shown and not judged).
    """

    kind: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    role: ClassVar[str] = "judged"

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> Rule:
        """The rule that a criterion's table describes; refuses what is missing or not allowed."""
        raise NotImplementedError

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        """Facts in, finding out. `key` is the criterion's; what is lacking is named, never guessed."""
        raise NotImplementedError

    @property
    def exclusion(self) -> str:
        return getattr(self, "exclude", "")


def judge_limit(
    subject: str,
    name: Texts,
    value: Fraction,
    *,
    limit: Limit,
    number: Fraction,
    unit: Texts,
    **known: Any,
) -> Finding:
    """A known figure against a known limit, compared as they are."""
    is_met = limit.is_reached(value, number)
    shown = {
        "name": name,
        "value": Quantity(value, unit, number),
        "limit": Quantity(number, unit),
        "sign": limit.sign,
    }
    sentence = (
        Sentence(
            "{name}{value}，达到要求（{sign}{limit}）。",
            "{name}: {value}, as asked for ({sign} {limit}).",
            shown,
        )
        if is_met
        else Sentence(
            "{name}{value}，未达到要求（{sign}{limit}）。",
            "{name}: {value}, where {sign} {limit} is asked for.",
            shown,
        )
    )
    return Finding(
        subject,
        "met" if is_met else "not_met",
        sentence,
        value=value,
        limit=number,
        unit=unit,
        **known,
    )


def lacking(key: str, codes: Iterable[str], facts: CountyFacts, **known: Any) -> Finding:
    """Not computable for want of these columns, items or settings, called by their names."""
    codes = tuple(dict.fromkeys(codes))
    because = Sentence(
        "无法计算，缺少：{names}。", "Not computable for want of: {names}.", {"names": facts.names(codes)}
    )
    return not_computable(key, codes, because=because, **known)


def over_rows(
    key: str, parts: Sequence[Finding], facts: CountyFacts, *, rows: int, of_schools: bool = False
) -> Finding:
    """The county's finding on what every school (or school at its stage) must meet.

    rows: how many there are. Without any there is no verdict; a rule that speaks of none of them is met.
    """
    if not parts and rows:
        return Finding(key, "met", Sentence("没有适用的学校。", "It applies to no school."))
    if not parts:
        return not_computable(
            key,
            ("school",),
            because=Sentence("表中没有可评的学校。", "The table has no school to judge."),
        )
    verdict = all_of(part.verdict for part in parts)
    names = {
        word: [_row_name(part) for part in parts if part.verdict == word]
        for word in ("not_met", "not_computable", "undetermined")
    }
    values = {"all": len(parts), "met": sum(part.verdict == "met" for part in parts)} | {
        "schools": len({part.school for part in parts}),
        "bad": names["not_met"],
        "n_bad": len(names["not_met"]),
        "schools_bad": len({part.school for part in parts if part.verdict == "not_met"}),
        "unknown": names["not_computable"] + names["undetermined"],
        "lacking": facts.names(missing_in(parts)),
    }
    sentence = Sentence(*(_OF_SCHOOLS if of_schools else _BY_STAGE)[verdict], values)
    return Finding(key, verdict, sentence, missing=missing_in(parts), parts=tuple(parts))


# A school of several stages is judged once per stage and counted once as a school: both are said.
_BY_STAGE_OPEN = (
    "{schools}所学校{all}个学段中，{met}个学段达标，其余无法计算（缺{lacking}）：{unknown}。",
    "{met} of {all} stages in {schools} schools meet it; not computable for want of {lacking}: {unknown}.",
)
_BY_STAGE = {
    "met": ("{schools}所学校{all}个学段全部达标。", "All {schools} schools meet it, {all} stages."),
    "not_met": (
        "{schools}所学校{all}个学段中，{schools_bad}所学校{n_bad}个学段未达标：{bad}。",
        "Missed by {schools_bad} of {schools} schools, {n_bad} of {all} stages: {bad}.",
    ),
    "not_computable": _BY_STAGE_OPEN,
    "undetermined": _BY_STAGE_OPEN,
}
_OF_SCHOOLS_OPEN = (
    "{all}所学校中{met}所达标，其余无法计算（缺{lacking}）：{unknown}。",
    "{met} of {all} schools meet it; not computable for want of {lacking}: {unknown}.",
)
_OF_SCHOOLS = {
    "met": ("{all}所学校全部达标。", "All {all} schools meet it."),
    "not_met": ("{all}所学校中{n_bad}所未达标：{bad}。", "{n_bad} of {all} schools do not meet it: {bad}."),
    "not_computable": _OF_SCHOOLS_OPEN,
    "undetermined": _OF_SCHOOLS_OPEN,
}


def unsure(key: str, row: SchoolRow, missing: tuple[str, ...], facts: CountyFacts) -> Finding:
    """A row of which it cannot be said whether the criterion speaks of it at all."""
    return not_computable(
        key,
        missing,
        because=Sentence(
            "缺少{names}，无法确定该校是否计入。",
            "For want of {names} it cannot be said whether the school counts.",
            {"names": facts.names(missing)},
        ),
        school=row.school,
        stage=row.stage,
    )


def _row_name(part: Finding) -> Texts:
    if not part.stage:
        return {"zh-hans": part.school, "en": part.school}
    stage = STAGE_NAMES[part.stage]
    return {
        "zh-hans": f"{part.school}（{stage['zh-hans']}）",
        "en": f"{part.school} ({stage['en']})",
    }
