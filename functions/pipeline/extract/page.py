"""What a reader yields: some records, and where it continues after them."""

from typing import NamedTuple


class Page(NamedTuple):
    """Records as lines of JSON, without line ends."""

    records: list[str]
    position: str | None
    """Where reading continues, for its reader; None at the end."""
    cursor: str | None
    """Where the next run of the source begins, if this page was the last; None if unknown."""


def later(first: str | None, second: str | None) -> str | None:
    """The higher of two cursors: as numbers if both are, else as text."""
    if first is None or second is None:
        return second if first is None else first
    if first.isdecimal() and second.isdecimal():
        return max(first, second, key=int)
    return max(first, second)
