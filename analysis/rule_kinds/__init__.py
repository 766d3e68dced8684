"""The rule kinds: facts in, finding out. One class per kind, and the register. No Django.

A kind nobody had is one class with a docstring here, a line in RULE_KINDS, and a worked case in
`tests/rule_kind_cases/<kind>.toml`.
"""

from __future__ import annotations

from typing import cast

from analysis.rule_kinds.county_rules import Checklist, Gate, RecognitionRule, Reference, Veto
from analysis.rule_kinds.dispersion_rules import CompositeDispersion, Dispersion
from analysis.rule_kinds.k_of_n import KOfN
from analysis.rule_kinds.points import Points
from analysis.rule_kinds.rooms_and_classes import ClassSize, ForEvery
from analysis.rule_kinds.rule import Rule
from analysis.rule_kinds.thresholds import Threshold
from analysis.standard_file import StandardFile
from surveys.toml_file import Table, at

RULE_KINDS: dict[str, type[Rule]] = {
    "threshold": Threshold,
    "k_of_n": KOfN,
    "for_every": ForEvery,
    "class_size": ClassSize,
    "dispersion": Dispersion,
    "composite_dispersion": CompositeDispersion,
    "checklist": Checklist,
    "points": Points,
    "recognition": RecognitionRule,
    "gate": Gate,
    "veto": Veto,
    "reference": Reference,
}


def read_rule(
    file: StandardFile, table: Table, place: str, *, other_keys: tuple[str, ...]
) -> tuple[str, Rule]:
    """The kind and rule of a criterion's table; `other_keys` are those the criterion itself has."""
    kind = cast(str, file.required(table, "kind", str, place))
    file.all_known([kind], RULE_KINDS, at(place, "kind"), "rule kind", "规则种类")
    if kind != "reference":
        file.only_keys(table, (*other_keys, "kind", *RULE_KINDS[kind].keys), place)
        return kind, RULE_KINDS[kind].read(file, table, place)
    shows = cast(str, file.required(table, "shows", str, place))
    may_show = [name for name in RULE_KINDS if name not in ("reference", "gate", "veto")]
    file.all_known([shows], may_show, at(place, "shows"), "rule kind that can be shown", "可展示的规则种类")
    file.only_keys(table, (*other_keys, "kind", "shows", *RULE_KINDS[shows].keys), place)
    return kind, Reference(RULE_KINDS[shows].read(file, table, place))


__all__ = ["RULE_KINDS", "Rule", "read_rule"]
