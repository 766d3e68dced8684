"""The county's own file, `item, value, evidence` → facts about its items. No Django.

An item is named by its key or by its name in either language. Published county figures of an indicator may
be given instead of a school table: `<indicator>.<stage>.mean`, `.sd`, `.cv`.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analysis.columns import COMPULSORY, first_words, plain, words
from analysis.dispersions import GivenDispersion
from analysis.facts import ItemFact, Recognition
from analysis.file_errors import in_cell, in_row
from analysis.findings import SHARE, Quantity, Sentence
from analysis.quantities import NotANumber, has_percent_sign, read_number
from analysis.standard_parts import CountyItem, SettingValues, Standard

RECOGNITION = "recognition"
FIGURES = ("mean", "sd", "cv")


@dataclass(frozen=True)
class ItemLine:
    """One line of the county's file."""

    line: int
    item: str
    value: str
    evidence: str = ""


@dataclass(frozen=True)
class CountyAnswers:
    items: Mapping[str, ItemFact]
    dispersions: Mapping[tuple[str, str], GivenDispersion]
    recognition: Recognition | None
    doubts: tuple[Sentence, ...]


def county_answers(
    lines: Sequence[ItemLine], *, standard: Standard, settings: SettingValues, name: str
) -> CountyAnswers:
    """What the county says of the standard's items; `name` stands for the file in messages.

    Items that the standard does not ask for are left aside and named, with the nearest one that it does.
    Rates computed from counts (巩固率) follow the formula that the settings choose, and say so.
    """
    by_name = {
        plain(spelling): key
        for key, item in standard.items.items()
        for spelling in (*item.name.values(), key)
    }
    items: dict[str, ItemFact] = {}
    figures: dict[tuple[str, str], dict[str, Fraction]] = {}
    recognition: Recognition | None = None
    doubts: list[Sentence] = []
    seen: dict[str, int] = {}
    for line in lines:
        key = plain(line.item)
        if not key:
            continue
        if key in seen:
            raise in_row(
                name, line.line, "“{item}”在第{first}行已出现；每项只填一次。",
                "'{item}' stands in row {first} too; an item stands once", item=line.item, first=seen[key],
            )  # fmt: skip
        seen[key] = line.line
        if key in (RECOGNITION, "社会认可度"):
            share = _share(line, name)
            recognition = Recognition(share, "typed") if share is not None else None
        elif figure := _figure_name(key, standard):
            number = _number(line, name)
            if number is not None:
                figures.setdefault(figure[:2], {})[figure[2]] = number
        elif key in by_name:
            items[by_name[key]] = _fact(line, standard.items[by_name[key]], name)
        else:
            doubts.append(_unused(line, standard))
    for key, item in standard.items.items():
        if item.formulas and (key not in items or items[key].value is None):
            items[key] = _computed(item, items, settings)
    dispersions = {place: GivenDispersion(**found) for place, found in figures.items()}
    return CountyAnswers(items, dispersions, recognition, tuple(doubts))


def _fact(line: ItemLine, item: CountyItem, name: str) -> ItemFact:
    evidence, unknown = line.evidence.strip(), (item.key,)
    if item.kind == "share":
        share = _share(line, name)
        return ItemFact(share, unknown if share is None else (), evidence)
    answer = words("yes_no").get(plain(line.value))
    if item.kind == "yes_no" or (
        item.kind == "points" and answer is not None and plain(line.value) not in "01"
    ):
        if answer is None and plain(line.value):
            raise in_cell(
                name, line.line, line.item, "填写了“{found}”，可填：{allowed}；不清楚时请留空。",
                "found '{found}'; allowed: {allowed}, blank if it is not known",
                found=line.value, allowed=first_words("yes_no"),
            )  # fmt: skip
        return ItemFact(None if answer is None else answer == "yes", () if answer else unknown, evidence)
    number = _number(line, name)
    return ItemFact(number, unknown if number is None else (), evidence)


def _number(line: ItemLine, name: str) -> Fraction | None:
    try:
        return read_number(line.value)
    except NotANumber as error:
        raise in_cell(name, line.line, line.item, "{why}", "{why}", why=error.texts) from error


def _share(line: ItemLine, name: str) -> Fraction | None:
    """A rate as a share: 97.3%, 97.3 and 0.973 are the same; without % a figure above 1 is in per cent."""
    number = _number(line, name)
    if number is None:
        return None
    if number > 1 and not has_percent_sign(line.value):
        number /= 100
    if number > 1:
        raise in_cell(
            name, line.line, line.item, "填写了“{found}”，比例不超过100%。",
            "found '{found}'; a rate is at most 100%", found=line.value,
        )  # fmt: skip
    return number


def _figure_name(key: str, standard: Standard) -> tuple[str, str, str] | None:
    parts = key.split(".")
    if len(parts) == 3 and parts[0] in standard.indicators and parts[1] in COMPULSORY and parts[2] in FIGURES:
        return parts[0], parts[1], parts[2]
    return None


def _computed(item: CountyItem, items: Mapping[str, ItemFact], settings: SettingValues) -> ItemFact:
    """A rate from its counts by the chosen formula; the note records which."""
    choice = settings.get(item.formula_setting)
    if not isinstance(choice, str):
        return ItemFact(None, (f"setting:{item.formula_setting}",))
    formula = item.formulas[choice]
    numbers: dict[str, Fraction] = {}
    for key in formula.items:
        fact = items.get(key)
        if fact is not None and isinstance(fact.value, Fraction):
            numbers[key] = fact.value
    missing = tuple(key for key in formula.items if key not in numbers)
    if missing:
        # Without any of the counts it is the rate itself that is asked for.
        return ItemFact(None, missing if numbers else (item.key,))
    base = _sum(numbers, formula.over) - _sum(numbers, formula.over_minus)
    if base <= 0:
        return ItemFact(None, formula.over)
    value = (_sum(numbers, formula.plus) - _sum(numbers, formula.minus)) / base
    evidence = "; ".join(dict.fromkeys(items[key].evidence for key in formula.items if items[key].evidence))
    note = Sentence(
        "{name}按口径{choice}计算：{value}。",
        "{name} by formula {choice}: {value}.",
        {"name": item.name, "choice": choice, "value": Quantity(value, SHARE)},
    )
    return ItemFact(value, (), evidence, note)


def _sum(numbers: Mapping[str, Fraction], keys: Sequence[str]) -> Fraction:
    return sum((numbers[key] for key in keys), Fraction(0))


def _unused(line: ItemLine, standard: Standard) -> Sentence:
    near = difflib.get_close_matches(plain(line.item), list(standard.items), n=1)
    values = {"row": line.line, "item": line.item, "near": near[0] if near else ""}
    if near:
        return Sentence(
            "第{row}行“{item}”不是本标准的项目，未使用；是否应为“{near}”？",
            "Row {row}: this standard does not ask for '{item}', so it was not used; is '{near}' meant?",
            values,
        )
    return Sentence(
        "第{row}行“{item}”不是本标准的项目，未使用。",
        "Row {row}: this standard does not ask for '{item}', so it was not used.",
        values,
    )
