"""Departments that hired more people in a year than the mean."""

from typing import NamedTuple

from functions.api.analytics.models import DepartmentsAboveAverage, HiredItem
from functions.api.analytics.page_size import line_size
from waybill.database.analytics import Analytics, MeanOver
from waybill.database.repository import Connection
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
        return line_size(self.department)

    def cursor(self) -> HiredCursor:
        return HiredCursor(hired=self.hired, id=self.id)


def departments_above_average(
    connection: Connection,
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
    rows = Analytics(connection).above_average(
        year,
        mean_over=mean_over,
        limit=limit + 1,
        after=(after.hired, after.id) if after else None,
    )
    lines = [
        _Line(row.id, row.department, row.hired)
        for row in rows
        if row.id is not None and row.department is not None and row.hired is not None
    ]
    page = cut_page(lines, limit, _Line.cursor, lambda line: line.size)
    return DepartmentsAboveAverage(
        items=[HiredItem(**line._asdict()) for line in page.items],
        next_cursor=page.next_cursor,
        mean=rows[0].mean,
        as_of=rows[0].as_of,
        unassigned=rows[0].unassigned,
    )
