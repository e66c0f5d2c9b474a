"""Hires of a year by department, job and quarter."""

from typing import Any, NamedTuple

import psycopg

from functions.api.analytics.models import HiresByQuarter, QuarterItem
from functions.api.analytics.page_size import LINE_CHARACTERS, PAGE_CHARACTERS
from waybill.database.queries import queries
from waybill.http.pagination import Cursor, CursorInteger, CursorText, cut_page


class QuarterCursor(Cursor):
    """The sort key of a line: names by code point, then ids for equal names."""

    department: CursorText
    job: CursorText
    department_id: CursorInteger
    job_id: CursorInteger


class _Line(NamedTuple):
    department: str
    job: str
    department_id: int
    job_id: int
    q1: int
    q2: int
    q3: int
    q4: int

    @property
    def size(self) -> int:
        return len(self.department) + len(self.job) + LINE_CHARACTERS

    def cursor(self) -> QuarterCursor:
        return QuarterCursor(
            department=self.department,
            job=self.job,
            department_id=self.department_id,
            job_id=self.job_id,
        )

    def item(self) -> QuarterItem:
        # The database guarantees the types; validating a thousand lines would take as long as
        # the query.
        return QuarterItem.model_construct(
            department=self.department, job=self.job, q1=self.q1, q2=self.q2, q3=self.q3, q4=self.q4
        )


def hires_by_quarter(
    connection: psycopg.Connection[tuple[Any, ...]],
    year: int,
    *,
    limit: int,
    after: QuarterCursor | None = None,
) -> HiresByQuarter:
    """One page of the year's lines, by department, then job; a single query.

    Args:
        connection: in autocommit mode, as a role that may read the views.
        year: in UTC, 1 to 9999.
        limit: lines per page, 1 or more.
        after: the last line of the previous page.
    """
    key = after.model_dump() if after else dict.fromkeys(QuarterCursor.model_fields)
    rows = list(
        queries("analytics").by_quarter(
            connection,
            year=year,
            lines=limit + 1,
            **{f"after_{name}": value for name, value in key.items()},
        )
    )
    as_of, unassigned = rows[0][:2]
    lines = [_Line(*row[2:]) for row in rows if row[2] is not None]
    page = cut_page(lines, limit, _Line.cursor, lambda line: line.size, PAGE_CHARACTERS)
    return HiresByQuarter(
        items=[line.item() for line in page.items],
        next_cursor=page.next_cursor,
        as_of=as_of,
        unassigned=unassigned,
    )
