"""List jobs, newest first."""

from typing import Any, NamedTuple
from uuid import UUID

from functions.api.jobs.deps import SQL, Store
from waybill.http.cursors import Cursor, read_cursor, write_cursor


class _After(Cursor):
    job_id: UUID


class Wanted(NamedTuple):
    """Which jobs, how many, and from where on."""

    dataset: str | None
    state: str | None
    limit: int
    cursor: str | None


def list_jobs(store: Store, wanted: Wanted) -> tuple[list[dict[str, Any]], str | None]:
    """A page of job documents, and the cursor of the next page if there is one.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = read_cursor(wanted.cursor, _After)
    rows = store.database.ask(
        lambda connection: list(
            SQL.list_jobs(
                connection,
                dataset=wanted.dataset,
                state=wanted.state,
                before=after and after.job_id,
                rows=wanted.limit + 1,
            )
        )
    )
    shown = rows[: wanted.limit]
    more = write_cursor(_After(job_id=shown[-1][0])) if len(rows) > wanted.limit else None
    return [document for _, document in shown], more
