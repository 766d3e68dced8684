"""Amounts in their own units, as a bureau says them: 3人, 212㎡, 8.1万元. No Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.findings import CHINESE, said, shown
from analysis.standard_parts import Standard

TEN_THOUSAND = 10_000


def amount_text(column: str, amount: float, standard: Standard, *, language: str) -> str:
    """Whole units of a column: "212㎡", "8.1万元" (exact to the yuan), "3 teachers"."""
    unit = standard.columns[column].unit
    if language == CHINESE:
        if standard.columns[column].is_money and abs(amount) >= TEN_THOUSAND:
            return money_text(amount, language=language)
        return f"{_plain(amount)}{said(unit, language)}"
    return f"{_plain(amount)} {said(unit, language)}".replace(" ㎡", "㎡").strip()


def yuan_in_ten_thousands(yuan: int) -> str:
    """81000 → "8.1", exactly."""
    whole, rest = divmod(abs(yuan), TEN_THOUSAND)
    decimals = f"{rest:04d}".rstrip("0")
    return ("-" if yuan < 0 else "") + f"{whole:,}" + (f".{decimals}" if decimals else "")


def money_text(yuan: float | None, *, language: str) -> str:
    """A cost: "8.1万元", "81,000 yuan"; a dash where a price is lacking."""
    if yuan is None:
        return "—"
    if language == CHINESE:
        if abs(yuan) < TEN_THOUSAND:
            return f"{_plain(yuan)}元"
        exact = (
            yuan_in_ten_thousands(int(yuan)) if float(yuan).is_integer() else f"{yuan / TEN_THOUSAND:,.4f}"
        )
        return f"{exact}万元"
    return f"{_plain(yuan)} yuan"


def amounts_text(additions: Mapping[str, float], standard: Standard, *, language: str) -> str:
    """Column → units, in one line: "高于规定学历教师数2人、教学仪器设备值3万元"."""
    return _joined(
        (
            _named(column, amount_text(column, amount, standard, language=language), standard, language)
            for column, amount in additions.items()
        ),
        language,
    )


def lacking_text(shortfalls: Iterable[Mapping[str, Any]], standard: Standard, *, language: str) -> str:
    """What a school lacks, each column once with the larger amount; what is too much stands as such."""
    most: dict[tuple[str, bool], Mapping[str, Any]] = {}
    for one in shortfalls:
        place = (one["column"], one["is_surplus"])
        if place not in most or most[place]["add"] < one["add"]:
            most[place] = one
    return _joined((_lacking(one, standard, language) for one in most.values()), language)


def _lacking(one: Mapping[str, Any], standard: Standard, language: str) -> str:
    if one["key"] == "class_size" and one["add"] == 0:
        return "需均衡班额" if language == CHINESE else "share pupils out among the classes"
    text = amount_text(one["column"], one["add"], standard, language=language)
    if one["is_surplus"]:
        text = f"超出{text}" if language == CHINESE else f"{text} too many"
    return _named(one["column"], text, standard, language)


def _named(column: str, text: str, standard: Standard, language: str) -> str:
    name = said(standard.columns[column].name, language)
    if standard.columns[column].is_yes_no:
        return name
    # "教师数" with its number behind it is said "教师23人".
    return f"{name.removesuffix('数')}{text}" if language == CHINESE else f"{name}: {text}"


def _joined(texts: Iterable[str], language: str) -> str:
    return ("、" if language == CHINESE else ", ").join(texts)


def _plain(amount: float) -> str:
    return f"{int(amount):,}" if float(amount).is_integer() else shown(amount)
