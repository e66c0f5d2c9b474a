"""The characters of a CSV file that are not data."""

import string
from collections.abc import Mapping
from typing import NamedTuple

PUNCTUATION = frozenset(string.punctuation)
_LETTERS_AND_DIGITS = frozenset(string.ascii_letters + string.digits)
_STRUCTURE = frozenset("\r\n\0")
STANDARD_QUOTES: Mapping[str, str | bool | None] = {
    "quote": '"',
    "escape": None,
    "escape_codes": False,
}
"""How RFC 4180 quotes fields: fields of a contract, and of a layout."""


class Marks(NamedTuple):
    """A delimiter, and how fields contain it."""

    delimiter: str
    quote: str | None = '"'
    """None: every quote is data."""
    escape: str | None = None
    """Takes its meaning from the quote or escape that follows it, and without quotes, or with
    codes, from a delimiter or line ending, too."""
    has_codes: bool = False
    """Whether `b`, `f`, `n`, `r`, `t` and `v` after an escape are control characters."""

    @property
    def escapes_in_quotes(self) -> bool:
        """Whether the escape is data outside quotes, as in the CSV of PostgreSQL and Spark."""
        return self.escape is not None and self.quote is not None and not self.has_codes


def check_delimiter(delimiter: str) -> str:
    """Validate a declared delimiter.

    Raises:
        ValueError: not a single ASCII character, or a letter, digit, line ending or NUL.
    """
    if delimiter in _LETTERS_AND_DIGITS or not _is_mark(delimiter):
        raise ValueError(f"{delimiter!r} is not a single ASCII character that can separate fields")
    return delimiter


def check_marks(marks: Marks) -> Marks:
    """Validate characters that are used together.

    Raises:
        ValueError: two are the same, a quote or escape is not ASCII punctuation, or the delimiter
            is a line ending.
    """
    given = [mark for mark in marks[:3] if mark is not None]
    if not _is_mark(marks.delimiter) or not PUNCTUATION.issuperset(given[1:]):
        raise ValueError(f"not single ASCII characters that can have a meaning: {given}")
    if len(set(given)) < len(given):
        raise ValueError(f"the delimiter, quote and escape are not distinct: {given}")
    if marks.has_codes and not marks.escape:
        raise ValueError("escape codes without an escape")
    return marks


def _is_mark(text: str) -> bool:
    return len(text) == 1 and text.isascii() and text not in _STRUCTURE
