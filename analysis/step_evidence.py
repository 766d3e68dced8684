"""Papers that a step of the ledger brings along (佐证材料): what may be attached, what is shown to whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from analysis.evidence import LARGEST_BYTES, EvidenceRefused, keep_evidence, refuse_large
from analysis.ledger import Step
from analysis.models import EvidenceFile, RectificationItem, RectificationStep

MOST_FILES = 5  # of one step


@dataclass(frozen=True)
class Paper:
    """A paper as a page shows it; `pk` None where this reader may not open it."""

    name: str
    pk: int | None
    is_withdrawn: bool


def kept_papers(
    files: Sequence[UploadedFile],
    *,
    item: RectificationItem,
    step: Step | None,
    remark: str,
    by: Any,
    now: datetime,
) -> list[EvidenceFile]:
    """Stores the files of a step that can be taken; nothing for one that will be refused anyway.

    They belong to the item's school, so that it can open what the bureau attached. EvidenceRefused names
    the file and what is allowed.
    """
    if step is None or not step.takes_evidence or (step.needs_reason and not remark.strip()):
        return []
    if len(files) > MOST_FILES:
        raise EvidenceRefused(_("At most %(most)d files at once.") % {"most": MOST_FILES})
    for file in files:
        refuse_large(file.size or 0)
    return [
        keep_evidence(
            file.read(), county=item.county, file_name=file.name or "", by=by, now=now, school=item.school,
            note=_("Rectification item %(item)s") % {"item": item},
        )
        for file in files
    ]  # fmt: skip


def papers_of(step: RectificationStep, *, role: str, school_id: int | None) -> list[Paper]:
    """The step's papers; a school opens those of its own only."""
    return [
        Paper(
            paper.name,
            paper.pk if role != "school" or paper.school_id == school_id else None,
            paper.withdrawn_at is not None,
        )
        for paper in step.evidence.all()
    ]


__all__ = ["LARGEST_BYTES", "MOST_FILES", "EvidenceRefused", "Paper", "kept_papers", "papers_of"]
