"""Departments that hired more in a year than the mean."""

from datetime import datetime
from typing import Any, Literal, NamedTuple

import psycopg
from pydantic import BaseModel, Field

from functions.api.analytics.pages import CursorNumber, cut_page
from waybill.database.queries import queries
from waybill.http.cursors import Cursor

MeanOver = Literal["hiring", "all"]


class HiredCursor(Cursor):
    """The place of a line: most hires first, ids where the hires are equal."""

    hired: CursorNumber
    id: CursorNumber


class HiredItem(BaseModel):
    """A line of the answer."""

    id: int
    department: str
    hired: int


class DepartmentsAboveAverage(BaseModel):
    """The answer: departments above the mean, and the mean itself."""

    items: list[HiredItem]
    next_cursor: str | None
    mean: float | None = Field(description="Hires per department; null in a year without hires.")
    as_of: datetime | None = Field(
        description="What was committed by then is in the figures; null before the first refresh."
    )
    unassigned: int = Field(description="Hires of the year that lack a department.")


class _Line(NamedTuple):
    id: int
    department: str
    hired: int

    @property
    def size(self) -> int:
        return len(self.department)

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
    """One page of the departments whose hires exceed the mean, most hires first; one query.

    Args:
        connection: in autocommit, as a role that may read the views.
        year: in UTC, 1 to 9999.
        mean_over: `hiring`, the departments that hired in the year; `all`, also those that
            did not.
        limit: lines of the page, 1 or more.
        after: the last line of the page before.
    """
    found = list(
        queries("analytics").above_average(
            connection,
            year=year,
            mean_over=mean_over,
            lines=limit + 1,
            after_hired=after.hired if after else None,
            after_id=after.id if after else None,
        )
    )
    as_of, unassigned, mean = found[0][:3]
    lines, next_cursor = cut_page([_Line(*row[3:]) for row in found if row[3] is not None], limit)
    return DepartmentsAboveAverage(
        items=[HiredItem(**line._asdict()) for line in lines],
        next_cursor=next_cursor,
        mean=mean,
        as_of=as_of,
        unassigned=unassigned,
    )
