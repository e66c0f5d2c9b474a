"""List the records of a job that wait for a referenced row, by line."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from functions.api.jobs.deps import Deps
from waybill.database.rejects import Rejects
from waybill.http.pagination import Cursor, CursorInteger, Page, cut_page, decode_cursor


class _PendingCursor(Cursor):
    line: Annotated[CursorInteger, Field(ge=0)]


def list_pending(deps: Deps, job_id: UUID, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """A page of the job's pending records.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = decode_cursor(cursor, _PendingCursor) or _PendingCursor(line=0)
    deps.dataset_of(job_id)
    rows = deps.database.run(
        lambda connection: Rejects(connection).list_pending(
            job_id, after=after.line, limit=limit + 1
        )
    )
    page = cut_page(rows, limit, lambda row: _PendingCursor(line=row.line))
    return Page([row.document for row in page.items], page.next_cursor)
