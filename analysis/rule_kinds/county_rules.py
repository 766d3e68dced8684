"""Rules on the county's own items and on recognition: checklist, gate, veto, recognition, reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import SHARE, Finding, Quantity, Sentence, Word, all_of, missing_in
from analysis.rule_kinds.rule import Rule, lacking
from analysis.rule_kinds.thresholds import judge_item
from analysis.standard_file import LIMITS, StandardFile
from analysis.standard_parts import Limit
from surveys.toml_file import Table, at

READINGS = ("statistical", "point")


@dataclass(frozen=True)
class Checklist(Rule):
    """Items of the county that must all hold: a yes, or a figure within its limit."""

    kind: ClassVar[str] = "checklist"
    keys: ClassVar[tuple[str, ...]] = ("items",)

    limits: Mapping[str, Limit | None]  # None: a yes is asked for

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> Checklist:
        items = file.required(table, "items", dict, place)
        if not items:
            file.refuse(
                at(place, "items"),
                "is empty; add <item> = 'yes' or { at_least = … }",
                "是空的，请写<指标项> = 'yes'或{ at_least = … }",
            )
        limits: dict[str, Limit | None] = {}
        for name, wanted in items.items():
            here = at(place, f"items.{name}")
            if wanted == "yes":
                file.item_name(name, here, kinds=("yes_no",))
                limits[name] = None
            elif isinstance(wanted, dict):
                file.only_keys(wanted, LIMITS, here)
                file.item_name(name, here, kinds=("share", "number"))
                limits[name] = file.limit(wanted, here)
            else:
                allowed = "'yes', { at_least = … }, { at_most = … }"
                file.refuse(
                    here, f"found {wanted!r}; allowed: {allowed}", f"写的是“{wanted}”，可用：{allowed}"
                )
        return cls(limits)

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        parts = [
            judge_yes(name, facts) if limit is None else judge_item(name, name, limit, facts)
            for name, limit in self.limits.items()
        ]
        return _together(key, parts, facts)


@dataclass(frozen=True)
class Gate(Checklist):
    """A condition of entry (门槛): items that must hold before anything else is asked."""

    kind: ClassVar[str] = "gate"
    role: ClassVar[str] = "gate"


@dataclass(frozen=True)
class Veto(Rule):
    """Facts that fail everything (一票否决): each item is answered, and a single yes decides."""

    kind: ClassVar[str] = "veto"
    keys: ClassVar[tuple[str, ...]] = ("items",)
    role: ClassVar[str] = "veto"

    items: tuple[str, ...]

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> Veto:
        items = file.words(table, "items", place)
        for name in items:
            file.item_name(name, at(place, "items"), kinds=("yes_no",))
        return cls(items)

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        parts = [self._one(name, facts) for name in self.items]
        verdict = all_of(part.verdict for part in parts)
        values = {
            "hit": [facts.standard.items[p.subject].name for p in parts if p.verdict == "not_met"],
            "unknown": [facts.standard.items[p.subject].name for p in parts if p.verdict == "not_computable"],
        }
        sentence = {
            "met": Sentence("没有否决情形。", "Nothing that vetoes.", values),
            "not_met": Sentence("存在否决情形：{hit}。", "Vetoed: {hit}.", values),
        }.get(verdict, Sentence("尚未说明：{unknown}。", "Not yet answered: {unknown}.", values))
        return _joined(key, verdict, sentence, parts)

    def _one(self, name: str, facts: CountyFacts) -> Finding:
        fact = facts.item(name)
        evidence = (fact.evidence,) if fact.evidence else ()
        if not isinstance(fact.value, bool):
            return lacking(name, fact.missing or (name,), facts, evidence=evidence)
        text = {"name": facts.standard.items[name].name}
        if fact.value:
            sentence = Sentence("存在否决情形：{name}。", "Vetoed: {name}.", text)
            return Finding(name, "not_met", sentence, evidence=evidence)
        return Finding(name, "met", Sentence("无{name}。", "No case: {name}.", text), evidence=evidence)


@dataclass(frozen=True)
class RecognitionRule(Rule):
    """The recognition rate (社会认可度) against its limit.

    reading "statistical" takes the verdict of a frozen score run, which may be undetermined; "point" (and
    every figure typed in from elsewhere, which has no interval) compares the unrounded figure itself.
    """

    kind: ClassVar[str] = "recognition"
    keys: ClassVar[tuple[str, ...]] = ("at_least", "reading")

    limit: Limit
    reading_setting: str

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> RecognitionRule:
        if "at_least" not in table:
            file.lacks(place, "at_least")
        setting = ""
        if "reading" in table:
            reading = file.required(table, "reading", dict, place)
            file.only_keys(reading, ("setting",), at(place, "reading"))
            setting = file.setting_name(reading, "setting", at(place, "reading"))
            if file.settings[setting].choices != READINGS:
                file.refuse(
                    f"settings.{setting}.choices",
                    f"decides a reading; allowed: {', '.join(READINGS)}",
                    f"这项设置决定怎样读社会认可度，可选值只能是：{'、'.join(READINGS)}",
                )
        return cls(file.limit(table, place), setting)

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        found = facts.recognition
        bound = self.limit.bound(SchoolRow("", "", ""), facts.settings)
        assert bound is not None
        if found is None or bound.number is None or (found.estimate is None and found.verdict is None):
            codes = (*bound.missing, *(found.reasons if found else ("recognition",)))
            return lacking(key, codes or ("recognition",), facts)
        reading = (
            facts.settings.get(self.reading_setting, "statistical") if self.reading_setting else "statistical"
        )
        values = {
            "value": Quantity(found.estimate, SHARE, bound.number) if found.estimate is not None else "—",
            "limit": Quantity(bound.number, SHARE),
        }
        details = {
            "origin": found.origin, "lower": found.lower, "upper": found.upper,
            "statistical": found.verdict, "reasons": found.reasons, **found.about,
        }  # fmt: skip
        known = {"value": found.estimate, "limit": bound.number, "unit": SHARE, "details": details}
        by_point = found.origin == "typed" or reading == "point" or found.threshold != bound.number
        if by_point and found.estimate is None:
            return lacking(key, found.reasons or ("recognition",), facts)
        word: Word = found.verdict or "not_computable"
        if by_point:
            word = "met" if self.limit.is_reached(found.estimate or Fraction(0), bound.number) else "not_met"
        origin = ("（手工录入）", " (typed in from elsewhere)") if found.origin == "typed" else ("", "")
        zh, en = _RECOGNITION[word, by_point]
        return Finding(key, word, Sentence(zh + origin[0] + "。", en + origin[1] + ".", values), **known)  # type: ignore[arg-type]


_RECOGNITION = {
    ("met", True): ("社会认可度{value}，不低于{limit}", "Recognition {value}, not below {limit}"),
    ("not_met", True): ("社会认可度{value}，低于{limit}", "Recognition {value}, below {limit}"),
    ("met", False): (
        "社会认可度{value}，计入抽样误差后仍不低于{limit}",
        "Recognition {value}, with sampling error still not below {limit}",
    ),
    ("not_met", False): (
        "社会认可度{value}，计入抽样误差后仍低于{limit}",
        "Recognition {value}, with sampling error still below {limit}",
    ),
    ("undetermined", False): (
        "社会认可度{value}，抽样误差跨过{limit}，无法判定",
        "Recognition {value}; sampling error reaches across {limit}",
    ),
    ("not_computable", False): ("社会认可度无法计算", "Recognition is not computable"),
}


@dataclass(frozen=True)
class Reference(Rule):
    """Shown beside the verdict and never part of it (参考): any other kind's finding, by `shows`."""

    kind: ClassVar[str] = "reference"
    keys: ClassVar[tuple[str, ...]] = ("shows",)
    role: ClassVar[str] = "reference"

    shown: Rule

    @property
    def exclusion(self) -> str:
        return self.shown.exclusion

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        return replace(self.shown.judge(key, facts), counts=False)


def judge_yes(item: str, facts: CountyFacts) -> Finding:
    """A yes/no item of the county: yes is met."""
    fact = facts.item(item)
    evidence = (fact.evidence,) if fact.evidence else ()
    if not isinstance(fact.value, bool):
        return lacking(item, fact.missing or (item,), facts, evidence=evidence)
    name = {"name": facts.standard.items[item].name}
    if fact.value:
        return Finding(item, "met", Sentence("{name}：是。", "{name}: yes.", name), evidence=evidence)
    return Finding(item, "not_met", Sentence("{name}：否。", "{name}: no.", name), evidence=evidence)


def _together(key: str, parts: list[Finding], facts: CountyFacts) -> Finding:
    """All must be met. One item speaks for itself; of several, those that are not met are repeated."""
    verdict = all_of(part.verdict for part in parts)
    if len(parts) == 1:
        return replace(parts[0], subject=key, parts=tuple(parts))
    if verdict == "not_computable":
        return _joined(key, verdict, lacking(key, missing_in(parts), facts).sentence, parts)
    telling = [part for part in parts if part.verdict == verdict] if verdict != "met" else []
    texts = {
        f"s{n}": {lang: part.sentence.text(lang) for lang in ("zh-hans", "en")}
        for n, part in enumerate(telling)
    }
    sentence = (
        Sentence("".join(f"{{{n}}}" for n in texts), " ".join(f"{{{n}}}" for n in texts), texts)
        if telling
        else Sentence("{n}项全部符合。", "All {n} hold.", {"n": len(parts)})
    )
    return _joined(key, verdict, sentence, parts)


def _joined(key: str, verdict: Word, sentence: Sentence, parts: list[Finding]) -> Finding:
    evidence = tuple(dict.fromkeys(line for part in parts for line in part.evidence))
    return Finding(key, verdict, sentence, missing=missing_in(parts), evidence=evidence, parts=tuple(parts))
