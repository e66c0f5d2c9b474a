"""Pages: how many lines an answer carries, whatever its format."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from pydantic import Field

from waybill.http.cursors import Cursor, write_cursor

JSON_LINES = 1000
# A CSV is for a person who wants the whole year; an answer of Lambda is at most 6 MB.
CSV_LINES = 20_000
_ANSWER_CHARACTERS = 1_500_000
_NUMBERS_OF_A_LINE = 100
# A cursor comes from outside: only what the database can compare with.
CursorNumber = Annotated[int, Field(ge=-(2**63) + 1, lt=2**63)]
CursorText = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Line(Protocol):
    """A line that knows its place in the order."""

    @property
    def size(self) -> int:
        """Characters of its texts."""

    def cursor(self) -> Cursor:
        """Where the next page begins when this is the last line."""


LineT = TypeVar("LineT", bound=Line)


def cut_page(lines: Sequence[LineT], limit: int) -> tuple[list[LineT], str | None]:
    """At most `limit` of the lines, fewer when long names would make the answer too large.

    Args:
        lines: the lines asked for and one more, if there is one, to know that there is.
        limit: 1 or more; the page has at least one line if there is any.

    Returns:
        The page, and the cursor of the next one; None when nothing is left.
    """
    page: list[LineT] = []
    room = _ANSWER_CHARACTERS
    for line in lines[:limit]:
        room -= line.size + _NUMBERS_OF_A_LINE
        if page and room < 0:
            break
        page.append(line)
    more = len(page) < len(lines)
    return page, write_cursor(page[-1].cursor()) if more else None
