"""Hires of a year by department, job and quarter."""

from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from pydantic import BaseModel, Field

from functions.api.analytics.pages import CursorNumber, CursorText, cut_page
from waybill.database.queries import queries
from waybill.http.cursors import Cursor


class QuarterCursor(Cursor):
    """The place of a line: names in code point order, ids where names are equal."""

    department: CursorText
    job: CursorText
    department_id: CursorNumber
    job_id: CursorNumber


class QuarterItem(BaseModel):
    """A line of the answer."""

    department: str
    job: str
    q1: int
    q2: int
    q3: int
    q4: int


class HiresByQuarter(BaseModel):
    """The answer: hires of the year that have a department and a job."""

    items: list[QuarterItem]
    next_cursor: str | None
    as_of: datetime | None = Field(
        description="What was committed by then is in the figures; null before the first refresh."
    )
    unassigned: int = Field(description="Hires of the year that lack a department or a job.")


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
        return len(self.department) + len(self.job)

    def cursor(self) -> QuarterCursor:
        return QuarterCursor(
            department=self.department,
            job=self.job,
            department_id=self.department_id,
            job_id=self.job_id,
        )

    def item(self) -> QuarterItem:
        # The database gives these types; checking a thousand lines again costs as much time
        # as the query.
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
    """One page of the year's lines, by department and then job; one query.

    Args:
        connection: in autocommit, as a role that may read the views.
        year: in UTC, 1 to 9999.
        limit: lines of the page, 1 or more.
        after: the last line of the page before.
    """
    place = after.model_dump() if after else dict.fromkeys(QuarterCursor.model_fields)
    found = list(
        queries("analytics").by_quarter(
            connection,
            year=year,
            lines=limit + 1,
            **{f"after_{name}": value for name, value in place.items()},
        )
    )
    as_of, unassigned = found[0][:2]
    lines, next_cursor = cut_page([_Line(*row[2:]) for row in found if row[2] is not None], limit)
    return HiresByQuarter(
        items=[line.item() for line in lines],
        next_cursor=next_cursor,
        as_of=as_of,
        unassigned=unassigned,
    )
