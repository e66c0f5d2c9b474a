"""List what belongs to a job and is numbered: its runs, its records that wait for a parent."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from functions.api.jobs.deps import SQL, Store
from waybill.http.cursors import Cursor, read_cursor, write_cursor
from waybill.http.problems import stored_problem

Details = tuple[list[dict[str, Any]], str | None]


class _AfterRun(Cursor):
    run: int = 0


class _AfterRecord(Cursor):
    line: int = 0


def list_runs(store: Store, job_id: UUID, limit: int, cursor: str | None) -> Details:
    """A page of the job's runs, and the cursor of the next page if there is one.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = read_cursor(cursor, _AfterRun) or _AfterRun()
    store.dataset_of(job_id)
    rows = store.database.ask(
        lambda connection: list(
            SQL.list_runs(connection, job_id=job_id, after=after.run, rows=limit + 1)
        )
    )
    return _page([(n, _with_problem(run)) for n, run in rows], limit, lambda n: _AfterRun(run=n))


def list_pending(store: Store, job_id: UUID, limit: int, cursor: str | None) -> Details:
    """A page of the job's records that wait for a parent; otherwise as `list_runs`."""
    after = read_cursor(cursor, _AfterRecord) or _AfterRecord()
    store.dataset_of(job_id)
    rows = store.database.ask(
        lambda connection: list(
            SQL.list_pending(connection, job_id=job_id, after=after.line, rows=limit + 1)
        )
    )
    return _page(rows, limit, lambda number: _AfterRecord(line=number))


def _with_problem(run: dict[str, Any]) -> dict[str, Any]:
    return {**run, "error": stored_problem(run["error"])} if "error" in run else run


def _page(
    rows: Sequence[tuple[int, dict[str, Any]]], limit: int, after: Callable[[int], Cursor]
) -> Details:
    shown = rows[:limit]
    more = write_cursor(after(shown[-1][0])) if len(rows) > limit else None
    return [document for _, document in shown], more
