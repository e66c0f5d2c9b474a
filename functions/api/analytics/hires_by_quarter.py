"""Hires of a year by department, job and quarter."""

from functions.api.analytics.models import HiresByQuarter, QuarterItem
from functions.api.analytics.page_size import line_size
from waybill.database.analytics import Analytics, QuarterLine, QuarterPlace
from waybill.database.repository import Connection
from waybill.http.pagination import Cursor, CursorInteger, CursorText, cut_page


class QuarterCursor(Cursor):
    """The sort key of a line: names by code point, then ids for equal names."""

    department: CursorText
    job: CursorText
    department_id: CursorInteger
    job_id: CursorInteger


def _size(line: QuarterLine) -> int:
    return line_size(line.department or "", line.job or "")


def _cursor(line: QuarterLine) -> QuarterCursor:
    return QuarterCursor.model_validate(line._asdict(), extra="ignore")


def _item(line: QuarterLine) -> QuarterItem:
    # The database guarantees the types; validating a thousand lines would take as long as
    # the query.
    fields = line._asdict()
    return QuarterItem.model_construct(**{name: fields[name] for name in QuarterItem.model_fields})


def hires_by_quarter(
    connection: Connection,
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
    place = QuarterPlace(**after.model_dump()) if after else None
    rows = Analytics(connection).by_quarter(year, limit=limit + 1, after=place)
    # A year without hires has one row, without a department.
    lines = [row for row in rows if row.department is not None]
    page = cut_page(lines, limit, _cursor, _size)
    return HiresByQuarter(
        items=[_item(line) for line in page.items],
        next_cursor=page.next_cursor,
        as_of=rows[0].as_of,
        unassigned=rows[0].unassigned,
    )
