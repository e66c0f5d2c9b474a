"""List the runs of a job, oldest first."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from functions.api.jobs.deps import Deps
from waybill.database.runs import Runs
from waybill.http.pagination import (
    Cursor,
    CursorInteger,
    Page,
    cut_page,
    decode_cursor,
    document_size,
)
from waybill.http.problems import stored_problem


class _RunCursor(Cursor):
    run: Annotated[CursorInteger, Field(ge=0)]


def list_runs(deps: Deps, job_id: UUID, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """A page of the job's runs.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = decode_cursor(cursor, _RunCursor) or _RunCursor(run=0)
    deps.dataset_of(job_id)
    rows = deps.reads_of(job_id).run(
        lambda connection: Runs(connection).list_page(job_id, after=after.run, limit=limit + 1)
    )
    page = cut_page(
        rows,
        limit,
        lambda row: _RunCursor(run=row.run_id),
        lambda row: document_size(row.document),
    )
    return Page([_with_problem(row.document) for row in page.items], page.next_cursor)


def _with_problem(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "error": stored_problem(run["error"])} if "error" in run else run
