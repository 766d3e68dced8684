"""How far a worker has come with reading a large wave's replies; in the cache, for the waiting page."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Sum

from surveys.models import Tally, Wave

# A worker that was killed tells nothing any more: after this long the next reader of the page starts another.
SILENT_SECONDS = 120


@dataclass(frozen=True)
class Looking:
    """Replies read so far, of those that are to be read."""

    read: int
    total: int


def begin(wave: Wave) -> bool:
    """Notes that the replies are being read; False if somebody reads them already."""
    total = Tally.objects.filter(collector__wave=wave, collector__school__isnull=False)
    counted = total.aggregate(all=Sum("responses"))["all"] or 0
    return cache.add(_key(wave), Looking(0, counted), SILENT_SECONDS)


def tell(wave: Wave, read: int) -> None:
    """Notes how many have been read; also says that the worker is still at it."""
    known = looking(wave)
    cache.set(_key(wave), Looking(read, max(read, known.total if known else 0)), SILENT_SECONDS)


def looking(wave: Wave) -> Looking | None:
    """How far the reading has come; None if nobody reads."""
    return cache.get(_key(wave))


def end(wave: Wave) -> None:
    """Read, or given up: the next reader of the page starts anew if nothing was found."""
    cache.delete(_key(wave))


def _key(wave: Wave) -> str:
    return f"looking-{wave.pk}"
