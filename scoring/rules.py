"""Scoring rules as data: which answers count as satisfied, what 不了解 does, how audiences weigh.

Nobody publishes the national formula, so a rule is a file with a name and a source, printed in full
beside every figure it makes. The shipped rules stand in `shipped_rules/*.toml`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RULES_FOLDER = Path(__file__).parent / "shipped_rules"
DEFAULT_RULE = "satisfied-top2"

FORMS = {
    "item": "the share or mean of one item",
    "item_mean": "the mean over several items of each item's own figure",
}
DONT_KNOW = {
    "out": "neither in the numerator nor in the denominator",
    "against": "counted as not satisfied",
}
GROUPS = {
    "given": "the shares set for the wave",
    "equal": "every audience alike",
    "population": "every audience by the number of its people",
    "pooled": "every reply alike, without weights",
}
LOCATIONS = {
    "residents": "城区/镇区/乡村 by resident population",
    "own": "each audience by its own population",
}
KEYS = {
    "name", "description", "source", "form", "items", "scores", "dont_know_codes", "dont_know", "groups",
    "locations", "threshold", "top_score",
}  # fmt: skip


class ScoringRuleError(ValueError):
    """A rule file that cannot be used; the sentence names file, key and what is allowed."""


@dataclass(frozen=True)
class ScoringRule:
    """One rule. `scores` gives points per option code; an option without points is not a valid answer.

    With `top_score` 1 the result is a share (0–1); otherwise a mean score on 0–`top_score`. `threshold` is
    in the same unit.
    """

    key: str
    name: Mapping[str, str]
    description: Mapping[str, str]
    source: Mapping[str, str]
    form: str
    items: tuple[str, ...]
    scores: Mapping[str, float]
    dont_know_codes: tuple[str, ...]
    dont_know: str
    groups: str
    locations: str
    threshold: float
    top_score: float
    text: str

    @property
    def is_share(self) -> bool:
        return self.top_score == 1

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def valid_scores(self) -> dict[str, float]:
        """Points per code, with 不了解 at nought where the rule counts it as not satisfied."""
        extra = dict.fromkeys(self.dont_know_codes, 0.0) if self.dont_know == "against" else {}
        return {**self.scores, **extra}


def read_rule(text: str, *, key: str) -> ScoringRule:
    """Reads and checks a rule file's text. ScoringRuleError names what is wrong in it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScoringRuleError(f"{key}.toml is not valid TOML: {error}.") from error
    missing = KEYS - {"dont_know_codes", "top_score"} - data.keys()
    if missing:
        raise ScoringRuleError(f"{key}.toml: {', '.join(sorted(missing))} is missing.")
    unknown = data.keys() - KEYS
    if unknown:
        raise ScoringRuleError(
            f"{key}.toml: {', '.join(sorted(unknown))} is not a key of a rule; "
            f"allowed: {', '.join(sorted(KEYS))}."
        )
    for name, allowed in (
        ("form", FORMS),
        ("dont_know", DONT_KNOW),
        ("groups", GROUPS),
        ("locations", LOCATIONS),
    ):
        if data[name] not in allowed:
            raise ScoringRuleError(f"{key}.toml: {name} = {data[name]!r}; allowed: {', '.join(allowed)}.")
    if isinstance(data["source"], str):  # rules frozen by a version that gave it in one language
        data["source"] = {"zh-hans": data["source"], "en": data["source"]}
    for name in ("name", "description", "source"):
        for language in ("zh-hans", "en"):
            if not data[name].get(language):
                raise ScoringRuleError(f"{key}.toml: {name} has no text in {language!r}.")
    scores, top_score = data["scores"], float(data.get("top_score", 1))
    if not scores or not all(
        isinstance(points, int | float) and 0 <= points <= top_score for points in scores.values()
    ):
        raise ScoringRuleError(f"{key}.toml: scores must give each code a number from 0 to {top_score:g}.")
    if not data["items"] or (data["form"] == "item" and len(data["items"]) != 1):
        raise ScoringRuleError(
            f"{key}.toml: form {data['form']!r} with {len(data['items'])} items; an 'item' rule has one."
        )
    if not 0 < data["threshold"] <= top_score:
        raise ScoringRuleError(
            f"{key}.toml: threshold = {data['threshold']} is not between 0 and {top_score:g}."
        )
    return ScoringRule(
        key=key, name=data["name"], description=data["description"], source=data["source"], form=data["form"],
        items=tuple(data["items"]), scores={code: float(points) for code, points in scores.items()},
        dont_know_codes=tuple(data.get("dont_know_codes", ())), dont_know=data["dont_know"],
        groups=data["groups"], locations=data["locations"], threshold=float(data["threshold"]),
        top_score=top_score, text=text,
    )  # fmt: skip


@cache
def shipped_rules() -> dict[str, ScoringRule]:
    """All shipped rules by key, the headline rule first."""
    paths = sorted(RULES_FOLDER.glob("*.toml"), key=lambda path: (path.stem != DEFAULT_RULE, path.stem))
    return {path.stem: read_rule(path.read_text(encoding="utf-8"), key=path.stem) for path in paths}


def shipped_rule(key: str) -> ScoringRule:
    rules = shipped_rules()
    if key not in rules:
        raise ScoringRuleError(f"There is no scoring rule {key!r}; shipped: {', '.join(rules)}.")
    return rules[key]


def rule_choices(language: str = "zh-hans") -> list[tuple[str, str]]:
    """(key, name) of every shipped rule, for a form's list."""
    return [(key, rule.name.get(language) or rule.name["zh-hans"]) for key, rule in shipped_rules().items()]
