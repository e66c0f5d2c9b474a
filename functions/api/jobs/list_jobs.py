"""List jobs, newest first."""

from typing import Any
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.models import JobsQuery
from waybill.database.jobs import JobFilter, Jobs
from waybill.http.pagination import Cursor, Page, cut_page, decode_cursor, document_size


class _JobCursor(Cursor):
    job_id: UUID


def list_jobs(deps: Deps, query: JobsQuery) -> Page[dict[str, Any]]:
    """A page of job documents.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    before = decode_cursor(query.cursor, _JobCursor)
    rows = deps.replica.run(
        lambda connection: Jobs(connection).list_page(
            JobFilter(query.dataset, query.state, query.datasets, query.archive),
            before=before.job_id if before else None,
            limit=query.limit + 1,
        )
    )
    page = cut_page(
        rows,
        query.limit,
        lambda row: _JobCursor(job_id=row.job_id),
        lambda row: document_size(row.document),
    )
    return Page([row.document for row in page.items], page.next_cursor)
