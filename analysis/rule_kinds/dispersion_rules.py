"""Rules about the dispersion between schools (差异系数): `dispersion` and `composite_dispersion`."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from analysis.columns import COMPULSORY, STAGE_NAMES
from analysis.dispersions import DispersionUnknown, IndicatorDispersion, composite_of
from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import Finding, Quantity, Sentence, Texts, all_of, missing_in, not_computable
from analysis.rule_kinds.rule import Rule, lacking
from analysis.standard_file import StandardFile
from analysis.standard_parts import Bound, Limit
from surveys.toml_file import Table, at


class DispersionRule(Rule):
    """What both share: the indicators, the limit per stage, whose schools count."""

    keys: ClassVar[tuple[str, ...]] = ("indicators", "at_most", "exclude")

    indicators: tuple[str, ...]
    limit: Limit
    exclude: str

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> DispersionRule:
        names = file.indicator_names(file.words(table, "indicators", place), at(place, "indicators"))
        for name in names:
            if file.indicators[name].per != "pupils":
                file.refuse(
                    at(place, "indicators"),
                    f"{name!r} is not per pupil; the dispersion weighs schools by pupils: per = 'pupils'",
                    f"“{name}”不是生均指标；差异系数按学生数加权，应写per = 'pupils'",
                )
        if "at_most" not in table:
            file.lacks(place, "at_most")
        limit = file.limit(table, place)
        return cls(names, limit, file.exclusion_name(table, place))  # type: ignore[call-arg]

    def stages(self, facts: CountyFacts) -> list[tuple[str, Bound]]:
        """The stages that have a limit."""
        found = [
            (stage, self.limit.bound(SchoolRow("", stage, stage), facts.settings)) for stage in COMPULSORY
        ]
        return [(stage, bound) for stage, bound in found if bound is not None]

    def dispersions(self, facts: CountyFacts, stage: str) -> list[IndicatorDispersion | DispersionUnknown]:
        return [facts.dispersion(name, stage, self.exclude) for name in self.indicators]


@dataclass(frozen=True)
class Dispersion(DispersionRule):
    """Every indicator's coefficient of variation between schools, per stage, at or below a limit.

    A school without pupils or with an unknown amount makes its indicator not computable, and is named.
    """

    kind: ClassVar[str] = "dispersion"

    indicators: tuple[str, ...]
    limit: Limit
    exclude: str = ""

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        parts = [
            judge_dispersion(dispersion, bound, facts)
            for stage, bound in self.stages(facts)
            for dispersion in self.dispersions(facts, stage)
        ]
        verdict = all_of(part.verdict for part in parts)
        values = {
            "n": len(parts),
            "met": sum(part.verdict == "met" for part in parts),
            "bad": [_stage_and_name(part, facts) for part in parts if part.verdict == "not_met"],
            "unknown": [_stage_and_name(part, facts) for part in parts if part.verdict == "not_computable"],
        }
        sentence = {
            "met": Sentence(
                "{n}个差异系数全部在限值以内。",
                "All {n} coefficients of variation are within their limits.",
                values,
            ),
            "not_met": Sentence(
                "{n}个差异系数中{met}个在限值以内，超过限值：{bad}。",
                "{met} of {n} coefficients of variation are within their limits; above: {bad}.",
                values,
            ),
        }.get(
            verdict,
            Sentence("有差异系数无法计算：{unknown}。", "Coefficients not computable: {unknown}.", values),
        )
        return Finding(key, verdict, sentence, missing=missing_in(parts), parts=tuple(parts))


@dataclass(frozen=True)
class CompositeDispersion(DispersionRule):
    """The plain mean of the indicators' coefficients of variation, per stage, at or below a limit.

    Every coefficient is needed: a mean over fewer indicators would be another number.
    """

    kind: ClassVar[str] = "composite_dispersion"

    indicators: tuple[str, ...]
    limit: Limit
    exclude: str = ""

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        parts = [self._stage(key, stage, bound, facts) for stage, bound in self.stages(facts)]
        verdict = all_of(part.verdict for part in parts)
        texts = [{language: part.sentence.text(language) for language in ("zh-hans", "en")} for part in parts]
        sentence = Sentence(
            "".join(f"{{s{n}}}" for n in range(len(parts))),
            " ".join(f"{{s{n}}}" for n in range(len(parts))),
            {f"s{n}": text for n, text in enumerate(texts)},
        )
        return Finding(key, verdict, sentence, missing=missing_in(parts), parts=tuple(parts))

    def _stage(self, key: str, stage: str, bound: Bound, facts: CountyFacts) -> Finding:
        dispersions = self.dispersions(facts, stage)
        known = [dispersion for dispersion in dispersions if isinstance(dispersion, IndicatorDispersion)]
        unknown = [
            judge_dispersion(dispersion, bound, facts)
            for dispersion in dispersions
            if isinstance(dispersion, DispersionUnknown)
        ]
        name = {"stage": STAGE_NAMES[stage]}
        if unknown or bound.number is None:
            codes = (*missing_in(unknown), *bound.missing)
            because = Sentence(
                "{stage}综合差异系数无法计算：{what}。", "Composite for {stage} not computable: {what}.",
                name | {"what": [_stage_and_name(one, facts) for one in unknown] or facts.names(codes)},
            )  # fmt: skip
            return not_computable(key, codes, because=because, stage=stage)
        composite = composite_of(known, stage)
        is_met = composite.is_within(bound.number)
        values = name | {
            "value": Quantity(composite.value, limit=bound.number),
            "limit": Quantity(bound.number),
        }
        sentence = Sentence(*_COMPOSITE[is_met], values)
        return Finding(
            key, "met" if is_met else "not_met", sentence, composite.value, bound.number, stage=stage,
            details={"cvs": {dispersion.indicator: dispersion.cv for dispersion in known}},
        )  # fmt: skip


def judge_dispersion(
    dispersion: IndicatorDispersion | DispersionUnknown, bound: Bound, facts: CountyFacts
) -> Finding:
    """One indicator's coefficient at one stage against its limit."""
    name = facts.standard.indicators[dispersion.indicator].name
    values: dict[str, object] = {"name": name, "stage": STAGE_NAMES[dispersion.stage]}
    if isinstance(dispersion, DispersionUnknown):
        values |= {"schools": dispersion.schools, "lacking": facts.names(dispersion.missing)}
        return not_computable(
            dispersion.indicator,
            dispersion.missing or ("school",),
            because=Sentence(*_UNKNOWN[dispersion.reason], values),
            stage=dispersion.stage,
            details={"dispersion": dispersion},
        )
    if bound.number is None:
        return lacking(
            dispersion.indicator,
            bound.missing,
            facts,
            stage=dispersion.stage,
            details={"dispersion": dispersion},
        )
    is_met = dispersion.is_within(bound.number)
    values |= {"value": Quantity(dispersion.cv, limit=bound.number), "limit": Quantity(bound.number)}
    sentence = Sentence(*_ONE[is_met], values)
    value = dispersion.cv if dispersion.exact_cv is None else dispersion.exact_cv
    return Finding(
        dispersion.indicator, "met" if is_met else "not_met", sentence, value, bound.number,
        stage=dispersion.stage, details={"dispersion": dispersion},
    )  # fmt: skip


_UNKNOWN = {
    "missing": (
        "{stage}{name}差异系数无法计算：{schools}缺少{lacking}。",
        "{name}, {stage}: not computable, {schools} lacks {lacking}.",
    ),
    "no_schools": (
        "{stage}{name}差异系数无法计算：没有可比较的学校。",
        "{name}, {stage}: not computable, there is no school to compare.",
    ),
    "no_pupils": (
        "{stage}{name}差异系数无法计算：{schools}没有学生。",
        "{name}, {stage}: not computable, {schools} has no pupils.",
    ),
    "negative": (
        "{stage}{name}差异系数无法计算：{schools}的数值为负。",
        "{name}, {stage}: not computable, the amount of {schools} is negative.",
    ),
    "zero_mean": (
        "{stage}{name}差异系数无法计算：全县均值为0。",
        "{name}, {stage}: not computable, the county's mean is 0.",
    ),
}
_COMPOSITE = {
    True: ("{stage}综合差异系数{value}，不超过{limit}。", "Composite for {stage}: {value}, within {limit}."),
    False: ("{stage}综合差异系数{value}，超过{limit}。", "Composite for {stage}: {value}, above {limit}."),
}
_ONE = {
    True: ("{stage}{name}差异系数{value}，不超过{limit}。", "{name}, {stage}: {value}, within {limit}."),
    False: ("{stage}{name}差异系数{value}，超过{limit}。", "{name}, {stage}: {value}, above {limit}."),
}


def _stage_and_name(part: Finding, facts: CountyFacts) -> Texts:
    stage, name = STAGE_NAMES[part.stage], facts.standard.indicators[part.subject].name
    value = f" {float(part.value):.6f}".rstrip("0") if isinstance(part.value, float | Fraction) else ""
    return {
        "zh-hans": f"{stage['zh-hans']}{name['zh-hans']}{value}",
        "en": f"{name['en']} ({stage['en']}){value}",
    }
