"""The trace that a collector's poster or code was opened by somebody who could print or show it."""

from __future__ import annotations

from datetime import datetime

from surveys.models import Collector, PosterOpening


def note_opening(collector: Collector, *, now: datetime) -> None:
    """Keeps the first time and the last one. Only that it happened, not by whom: the audit log knows that."""
    if not PosterOpening.objects.filter(pk=collector.pk).update(last_at=now):
        PosterOpening.objects.get_or_create(pk=collector.pk, defaults={"first_at": now, "last_at": now})
