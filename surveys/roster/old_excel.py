"""Reads an old Excel file (.xls) in a process of its own: standard input → JSON on standard output.

The reader of this format allocates what the file asks for, and a damaged file can ask for more than there
is: then the process is aborted, not the request. So it must not run inside the web server. It imports
nothing of the project and starts in a tenth of a second.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from typing import Any

LARGEST_MEMORY_BYTES = 2 * 1024**3
LONGEST_SECONDS = 30
LOCKED, DAMAGED = 3, 4  # exit codes


def sheets_of(content: bytes) -> list[dict[str, Any]]:
    """Name and rows of the visible sheets; a date is {"date": text}."""
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = []
    for about in book.sheets_metadata:
        is_visible = about.visible == python_calamine.SheetVisibleEnum.Visible
        if is_visible and about.typ == python_calamine.SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_name(about.name)
            left = [""] * (sheet.start[1] if sheet.start else 0)  # blank columns at the left are not given
            sheets.append({"name": about.name, "rows": [left + row for row in sheet.iter_rows()]})
    return sheets


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (LARGEST_MEMORY_BYTES, LARGEST_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_SECONDS, LONGEST_SECONDS))
    try:
        json.dump(sheets_of(sys.stdin.buffer.read()), sys.stdout, default=lambda value: {"date": str(value)})
    except BaseException as error:  # the reader's panics are no Exceptions
        return LOCKED if type(error).__name__ == "PasswordError" else DAMAGED
    return 0


if __name__ == "__main__":
    sys.exit(main())
