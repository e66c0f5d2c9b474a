"""CSV that a spreadsheet may open.

A cell that starts with a formula's first character gets an apostrophe in front (OWASP ASVS
1.2.10). So does one that starts with apostrophes before such a character, hence the guard can be
taken off again without loss: what was exported, and corrected, loads as what it was.
"""

import csv
import io
import re
from collections.abc import Iterable

_GUARDED = re.compile(r"'*[=+\-@\t\r\0]")


def guarded(cell: str) -> str:
    """The cell as it may stand in a CSV that a person opens."""
    return f"'{cell}" if _GUARDED.match(cell) else cell


def unguarded(cell: str) -> str:
    """The cell as it was before `guarded`; a cell that a person typed without is left alone."""
    return cell[1:] if cell.startswith("'") and _GUARDED.match(cell) else cell


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV with CRLF (RFC 4180); None is an empty cell, text is guarded."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(
            [
                "" if cell is None else guarded(cell) if isinstance(cell, str) else cell
                for cell in row
            ]
        )
    return text.getvalue()
