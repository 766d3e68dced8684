"""Simulated comments: sentences of comments.toml put together, so that few of them are alike."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

SENTENCES = tomllib.loads(Path(__file__).with_name("comments.toml").read_text(encoding="utf-8"))


def comment(chance: random.Random, *, voice: str, is_content: bool) -> str:
    """One or two sentences of a voice: mostly praise from the content, mostly a wish from the others."""
    pool = SENTENCES[voice]
    kind = "praise" if chance.random() < (0.62 if is_content else 0.12) else "wishes"
    parts = [chance.choice(pool[kind])]
    if chance.random() < 0.22:
        parts.append(chance.choice([one for one in pool["wishes"] if one != parts[0]]))
        kind = "wishes"
    before = chance.choice(pool[f"before_{kind}"]) if len(parts) == 1 else ""
    if parts[0].startswith("建议") and "建议" in before:
        before = ""
    after = chance.choice(pool[f"after_{kind}"])
    stop = "。" if after or chance.random() < 0.6 else ""
    return before + "；".join(parts) + stop + after
