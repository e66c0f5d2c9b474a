"""Departments that hired more people in a year than the mean."""

from typing import Any, NamedTuple

import psycopg

from functions.api.analytics.models import DepartmentsAboveAverage, HiredItem, MeanOver
from functions.api.analytics.page_size import LINE_CHARACTERS, PAGE_CHARACTERS
from waybill.database.queries import queries
from waybill.http.pagination import Cursor, CursorInteger, cut_page


class HiredCursor(Cursor):
    """The sort key of a line: most hires first, then ids for equal hires."""

    hired: CursorInteger
    id: CursorInteger


class _Line(NamedTuple):
    id: int
    department: str
    hired: int

    @property
    def size(self) -> int:
        return len(self.department) + LINE_CHARACTERS

    def cursor(self) -> HiredCursor:
        return HiredCursor(hired=self.hired, id=self.id)


def departments_above_average(
    connection: psycopg.Connection[tuple[Any, ...]],
    year: int,
    *,
    mean_over: MeanOver = "hiring",
    limit: int,
    after: HiredCursor | None = None,
) -> DepartmentsAboveAverage:
    """One page of the departments whose hires exceed the mean; a single query.

    Args:
        connection: in autocommit mode, as a role that may read the views.
        year: in UTC, 1 to 9999.
        mean_over: `hiring`, the departments that hired in the year; `all`, every department.
        limit: lines per page, 1 or more.
        after: the last line of the previous page.
    """
    rows = list(
        queries("analytics").above_average(
            connection,
            year=year,
            mean_over=mean_over,
            lines=limit + 1,
            after_hired=after.hired if after else None,
            after_id=after.id if after else None,
        )
    )
    as_of, unassigned, mean = rows[0][:3]
    lines = [_Line(*row[3:]) for row in rows if row[3] is not None]
    page = cut_page(lines, limit, _Line.cursor, lambda line: line.size, PAGE_CHARACTERS)
    return DepartmentsAboveAverage(
        items=[HiredItem(**line._asdict()) for line in page.items],
        next_cursor=page.next_cursor,
        mean=mean,
        as_of=as_of,
        unassigned=unassigned,
    )
