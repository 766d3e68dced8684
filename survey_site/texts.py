"""The desk's Chinese: compiled from `locale/*.po` when it has changed.

Django reads compiled catalogues. They are made here, by a library, so that a machine needs no gettext
and no compiled file lies in the repository to disagree with its source.
"""

from __future__ import annotations

import os
from pathlib import Path

import polib
from django.conf import settings
from django.utils.translation.reloader import translation_file_changed


def compile_texts() -> list[Path]:
    """Compiles every catalogue whose source is newer; returns what was compiled."""
    compiled = []
    for folder in settings.LOCALE_PATHS:
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
                # Written beside and moved into place: other processes may be reading, or compiling too.
                beside = target.with_suffix(f".mo.{os.getpid()}")
                polib.pofile(str(source)).save_as_mofile(str(beside))
                beside.replace(target)
                compiled.append(target)
                # This process may have looked for the texts already and remembers that there were none: what
                # it stores next, the demonstration's ledger on the first start, would be in English.
                translation_file_changed(None, target)
    return compiled
