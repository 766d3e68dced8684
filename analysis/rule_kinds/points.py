"""The rule kind `points`: a tree of points (A–B–C), earned at the leaves, lost where a part is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from analysis.facts import CountyFacts, ItemFact, SchoolRow
from analysis.findings import Finding, Quantity, Sentence, not_computable
from analysis.rule_kinds.points_tree import POINTS, Node, read_tree
from analysis.rule_kinds.rule import Rule
from analysis.standard_file import StandardFile
from analysis.standard_parts import Open, resolved, setting_gap
from surveys.toml_file import Table, at


@dataclass(frozen=True)
class Points(Rule):
    """A tree of points against a pass mark, as points or as a share of the total.

    What is not answered earns nothing for certain: the verdict is met if the points that are certain reach
    the mark, not met if even all open ones would not, else not computable. Points above a leaf's own are
    refused as not computable, never cut.
    """

    kind: ClassVar[str] = "points"
    keys: ClassVar[tuple[str, ...]] = ("points", "pass_points", "pass_share", "parts")

    tree: Node
    pass_points: Open | None
    pass_share: Open | None

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> Points:
        if ("pass_points" in table) == ("pass_share" in table):
            file.refuse_choice(place, ("pass_points", "pass_share"))
        tree = read_tree(file, "total", table, place, is_root=True)
        seen: set[str] = set()
        for node in tree.leaves():
            if node.key in seen:
                file.refuse(
                    at(place, "parts"),
                    f"two leaves are called {node.key!r}; each needs its own name",
                    f"有两个末级指标都叫“{node.key}”，请各用一个名称",
                )
            seen.add(node.key)
        marks = {
            key: file.open_number(table, key, place) if key in table else None
            for key in ("pass_points", "pass_share")
        }
        share = marks["pass_share"]
        if isinstance(share, Fraction) and not 0 < share <= 1:
            file.out_of_range(at(place, "pass_share"), share, "above 0 up to 1", "大于0且不超过1")
        return cls(tree, marks["pass_points"], marks["pass_share"])

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        parts = tuple(self._judge_node(node, facts) for node in self.tree.parts)
        total = resolved(self.tree.points, facts.settings)
        mark, gaps = self._mark(total, facts)
        certain = sum((part.details["certain"] for part in parts), Fraction(0))
        open_points = [part.details["open"] for part in parts]
        possible = None if None in open_points else certain + sum(open_points, Fraction(0))
        missing = [*gaps, *(name for part in parts for name in part.missing)]
        values: dict[str, Any] = {
            "value": Quantity(certain, POINTS, mark),
            "limit": Quantity(mark, POINTS) if mark is not None else "?",
            "lacking": facts.names(dict.fromkeys(missing)),
            "lost": [
                {lang: f"{leaf.sentence.text(lang)}" for lang in ("zh-hans", "en")}
                for leaf in lost_leaves(parts)
            ],
        }
        known: dict[str, Any] = {
            "limit": mark, "unit": POINTS, "parts": parts,
            "evidence": tuple(dict.fromkeys(line for part in parts for line in part.evidence)),
            "details": {"certain": certain, "possible": possible, "total": total},
        }  # fmt: skip
        if wrong := next(_wrong_sums(self.tree, facts), None):
            node, whole, of_parts = wrong
            values |= {"sum": Quantity(of_parts, POINTS), "total": Quantity(whole, POINTS)}
            because = Sentence(
                "各项分值合计{sum}，与{total}不符，无法计算。",
                "Not computable: the points set add up to {sum} and not to {total}.",
                values,
            )
            names = [name for part in (node, *node.parts) for name in _setting_names(part.points)]
            return not_computable(key, names, because=because, **known)
        if total is not None and certain > total:
            values["total"] = Quantity(total, POINTS)
            because = Sentence(
                "得分合计{value}，超过总分{total}，无法计算。",
                "Not computable: {value} were entered, more than the {total} there are.",
                values,
            )
            return not_computable(key, [node.item for node in self.tree.leaves()], because=because, **known)
        if mark is not None and certain >= mark:
            zh, en = ("得{value}，达到{limit}。", "{value}, {limit} are asked for.")
            if values["lost"]:
                zh, en = zh + "失分：{lost}", en + " Lost: {lost}"
            return Finding(key, "met", Sentence(zh, en, values), certain, **known)
        if mark is not None and possible is not None and possible < mark:
            values["possible"] = Quantity(possible, POINTS, mark)
            sentence = Sentence(
                "得{value}，最多可得{possible}，未达到{limit}。失分：{lost}",
                "{value}, at most {possible}; {limit} are asked for. Lost: {lost}",
                values,
            )
            return Finding(key, "not_met", sentence, certain, missing=tuple(dict.fromkeys(missing)), **known)
        because = Sentence(
            "已确定得{value}；无法计算，缺少：{lacking}。",
            "{value} for certain; not computable for want of: {lacking}.",
            values,
        )
        return not_computable(key, missing, because=because, value=certain, **known)

    def _mark(self, total: Fraction | None, facts: CountyFacts) -> tuple[Fraction | None, tuple[str, ...]]:
        if self.pass_points is not None:
            return resolved(self.pass_points, facts.settings), setting_gap(self.pass_points, facts.settings)
        assert self.pass_share is not None
        share = resolved(self.pass_share, facts.settings)
        gaps = (*setting_gap(self.pass_share, facts.settings), *setting_gap(self.tree.points, facts.settings))
        return (None if share is None or total is None else share * total), gaps

    def _judge_node(self, node: Node, facts: CountyFacts) -> Finding:
        """A node's points: `certain`, and `open`, what unanswered leaves may still add (None: not known)."""
        if not node.parts:
            return judge_leaf(node, facts)
        parts = tuple(self._judge_node(part, facts) for part in node.parts)
        certain = sum((part.details["certain"] for part in parts), Fraction(0))
        opens = [part.details["open"] for part in parts]
        still = None if None in opens else sum(opens, Fraction(0))
        missing = tuple(dict.fromkeys(name for part in parts for name in part.missing))
        points = resolved(node.points, facts.settings)
        values = {
            "name": node.name,
            "value": Quantity(certain, POINTS),
            "points": Quantity(points, POINTS) if points is not None else "?",
        }
        is_full = not missing and certain == points
        return Finding(
            node.key,
            "met" if is_full else "not_computable" if missing else "not_met",
            Sentence("{name}：{value}/{points}。", "{name}: {value} of {points}.", values),
            certain, points, POINTS,
            missing=missing, parts=parts, details={"certain": certain, "open": still},
            evidence=tuple(dict.fromkeys(line for part in parts for line in part.evidence)),
        )  # fmt: skip


def judge_leaf(node: Node, facts: CountyFacts) -> Finding:
    """What one leaf earns, and why points were lost: the county's evidence is the reason it gives."""
    points, fact = resolved(node.points, facts.settings), facts.item(node.item)
    earned, lacking = _earned(node, points, fact, facts)
    evidence = (fact.evidence,) if fact.evidence else ()
    values: dict[str, Any] = {
        "name": node.name,
        "points": Quantity(points, POINTS) if points is not None else "?",
        "reason": f"（{fact.evidence}）" if fact.evidence else "",
    }
    if earned is None:
        still = points if not lacking or points is not None else None
        because = Sentence("{name}：未填。", "{name}: not answered.", values)
        return not_computable(
            node.key, lacking or (node.item,), because=because, limit=points, unit=POINTS, evidence=evidence,
            details={"certain": Fraction(0), "open": still},
        )  # fmt: skip
    values |= {
        "value": Quantity(earned, POINTS),
        "lost": Quantity(points - earned, POINTS) if points is not None else "",
    }
    is_full = points is None or earned == points
    sentence = (
        Sentence("{name}：{value}/{points}。", "{name}: {value} of {points}.", values)
        if is_full
        else Sentence("{name}扣{lost}{reason}；", "{name}: {lost} lost{reason};", values)
    )
    return Finding(
        node.key, "met" if is_full else "not_met", sentence, earned, points, POINTS, evidence=evidence,
        details={"certain": earned, "open": Fraction(0)},
    )  # fmt: skip


def lost_leaves(parts: tuple[Finding, ...]) -> list[Finding]:
    """The leaves that lost points, in the tree's order."""
    found = []
    for part in parts:
        found += lost_leaves(part.parts) if part.parts else [part] if part.verdict == "not_met" else []
    return found


def _earned(
    node: Node, points: Fraction | None, fact: ItemFact, facts: CountyFacts
) -> tuple[Fraction | None, tuple[str, ...]]:
    """Points earned, or None with what is lacking. Points given count even where the full ones are open."""
    gap = setting_gap(node.points, facts.settings)
    if fact.value is None:
        return None, (*(fact.missing or (node.item,)), *gap)
    if node.limit is not None:
        bound = node.limit.bound(SchoolRow("", "", ""), facts.settings)
        if bound is None or bound.number is None or points is None:
            return None, (*(bound.missing if bound else ()), *gap)
        return (points if node.limit.is_reached(fact.value, bound.number) else Fraction(0)), ()
    if node.each_missing is not None:
        each = resolved(node.each_missing, facts.settings)
        if each is None or points is None:
            return None, (*setting_gap(node.each_missing, facts.settings), *gap)
        return max(Fraction(0), points - each * fact.value), ()
    if isinstance(fact.value, bool):
        if fact.value is False:
            return Fraction(0), ()
        return points, gap
    if points is not None and fact.value > points:
        return None, (f"{node.item}≤{float(points):g}",)
    return fact.value, ()


def _wrong_sums(node: Node, facts: CountyFacts) -> Iterator[tuple[Node, Fraction, Fraction]]:
    """Nodes whose points, once settings are put in, are not those of their parts together."""
    whole = resolved(node.points, facts.settings)
    parts = [resolved(part.points, facts.settings) for part in node.parts]
    known = [points for points in parts if points is not None]
    if whole is not None and parts and len(known) == len(parts) and sum(known) != whole:
        yield node, whole, sum(known, Fraction(0))
    for part in node.parts:
        yield from _wrong_sums(part, facts)


def _setting_names(number: Open) -> tuple[str, ...]:
    return () if isinstance(number, Fraction) else (f"setting:{number.name}",)
