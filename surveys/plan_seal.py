"""The plan of a wave as one digest: what its answers are read against, apart from the answers themselves.

Answers are sealed batch by batch, but they mean nothing without the questionnaire they were given to, the
place their collector stood for and the shares the audiences count with. The digest is recorded with every
step of the wave, so that a later change of any of these shows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from django.db.models import Max

from surveys.models import QuestionnaireVersion, Wave


@dataclass(frozen=True)
class PlanSeal:
    """`last_collector` is the newest collector (id) the digest covers: more may be added to an open wave."""

    digest: str
    last_collector: int

    @property
    def as_detail(self) -> dict:
        return {"digest": self.digest, "last_collector": self.last_collector}


def seal_plan(wave: Wave, *, up_to: int | None = None) -> PlanSeal:
    """SHA-256 over the plan as it stands, with the collectors up to the id `up_to` (default: all).

    Covered: design, scoring rule, smallest group, first day; per audience its share, population and the
    questionnaire's text; per collector its code, audience, channel, place and location. Not covered:
    targets, the last day (moving it has a record of its own) and the names of schools.
    """
    if up_to is None:
        up_to = wave.collectors.aggregate(newest=Max("pk"))["newest"] or 0
    wave = Wave.objects.select_related("county").get(pk=wave.pk)
    collectors = wave.collectors.filter(pk__lte=up_to).order_by("code")
    plan = {
        "county": wave.county.code,
        "starts_on": wave.starts_on.isoformat(),
        "design": wave.design,
        "scoring_rule": wave.scoring_rule,
        "minimum_group_size": wave.minimum_group_size,
        "audiences": [
            [row.audience, f"{row.share:.5f}", row.population, _text_digest(row.version)]
            for row in wave.audiences.select_related("version").order_by("audience")
        ],
        "collectors": [
            list(row)
            for row in collectors.values_list(
                "code", "audience", "channel", "school__code", "township__name", "location"
            )
        ],
    }
    said = json.dumps(plan, sort_keys=True, ensure_ascii=False)
    return PlanSeal(hashlib.sha256(said.encode()).hexdigest(), up_to)


def _text_digest(version: QuestionnaireVersion | None) -> str:
    """Of the text that stands there now, not the digest that stands beside it."""
    return hashlib.sha256(version.source.encode()).hexdigest() if version else ""
