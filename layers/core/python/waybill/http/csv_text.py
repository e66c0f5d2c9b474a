"""CSV that is safe to open in a spreadsheet.

A cell that starts like a formula gets an apostrophe in front (OWASP ASVS 1.2.10), and so does a
cell with apostrophes before such a character. Therefore the escape can be removed without loss:
a corrected export loads with its original values.
"""

import csv
import io
import re
from collections.abc import Iterable

# A spreadsheet also evaluates a formula after a tab or line break, and one in full-width signs.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")


def escape_formula(cell: str) -> str:
    """The cell, with an apostrophe in front if a spreadsheet would run it."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescape_formula(cell: str) -> str:
    """The cell before `escape_formula`; other cells are returned unchanged."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_lines(rows: Iterable[Iterable[object]]) -> str:
    """The rows as CSV with CRLF (RFC 4180); None is an empty cell, text is escaped."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()
