"""List a job's rejects, by line."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import UUID

from functions.api.jobs.deps import SQL, Store
from waybill.http.cursors import Cursor, read_cursor, write_cursor

# Raw text a page may have: with its values and JSON's quoting it stays below a function's 6 MB.
_PAGE_BYTES = 1_500_000


class Reject(NamedTuple):
    """A refused record, with every reason."""

    reject_id: UUID
    line: int
    raw: bytes
    values: dict[str, str | None] | None
    errors: list[dict[str, Any]]

    def text(self) -> str:
        """The record as text; bytes that are not UTF-8 show as U+FFFD."""
        return self.raw.decode(errors="replace")


class _After(Cursor):
    line: int
    reject_id: UUID


class Page(NamedTuple):
    """Rejects, and the cursor of the next page if there is one."""

    rejects: list[Reject]
    next_cursor: str | None


def list_rejects(store: Store, job_id: UUID, limit: int, cursor: str | None) -> Page:
    """A page of at most `limit` rejects; fewer when they are long.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = read_cursor(cursor, _After)
    rows = store.database.ask(
        lambda connection: list(
            SQL.list_rejects(
                connection,
                job_id=job_id,
                line=after and after.line,
                reject_id=after and after.reject_id,
                rows=limit + 1,
                bytes=_PAGE_BYTES,
            )
        )
    )
    rejects = [Reject(*row[:5]) for row in rows[:limit]]
    if not rejects or rows[0][5] == len(rejects):
        return Page(rejects, None)
    last = rejects[-1]
    return Page(rejects, write_cursor(_After(line=last.line, reject_id=last.reject_id)))


def all_rejects(store: Store, job_id: UUID) -> Iterator[list[Reject]]:
    """Every reject of the job, page by page, in constant memory."""
    cursor: str | None = None
    while True:
        page = list_rejects(store, job_id, 1000, cursor)
        yield page.rejects
        cursor = page.next_cursor
        if cursor is None:
            return


def shown(reject: Reject) -> dict[str, Any]:
    """The reject as JSON has it; one too long for an answer is cut, the CSV has it whole."""
    document: dict[str, Any] = {
        "reject_id": reject.reject_id,
        "line": reject.line,
        "raw": reject.text(),
        "values": reject.values or {},
        "errors": reject.errors,
    }
    if len(reject.raw) > _PAGE_BYTES:
        cut = {"raw": document["raw"][: _PAGE_BYTES // 10], "values": {}, "truncated": True}
        document.update(cut)
    return document
