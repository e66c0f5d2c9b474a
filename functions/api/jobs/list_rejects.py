"""List a job's rejects, by line."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.models import RejectsQuery
from waybill.database.rejects import Reject, Rejects
from waybill.http.pagination import Cursor, CursorInteger, Page, decode_cursor, encode_cursor

DEFAULT_LIMIT = 100
_MAX_LIMIT = 1000
# Bytes of raw text per page: with its values and JSON escapes it stays below Lambda's 6 MB.
_PAGE_BYTES = 1_500_000


class _RejectCursor(Cursor):
    line: CursorInteger
    reject_id: UUID


def list_rejects(deps: Deps, query: RejectsQuery) -> Page[Reject]:
    """A page of at most `limit` rejects; fewer if they are long.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    limit = query.limit or DEFAULT_LIMIT
    after = decode_cursor(query.cursor, _RejectCursor)
    rows = deps.database.run(
        lambda connection: Rejects(connection).list_page(
            query.job_id,
            after=(after.line, after.reject_id) if after else None,
            limit=limit + 1,
            max_bytes=_PAGE_BYTES,
        )
    )
    rejects = rows[:limit]
    if not rejects or rows[0].found == len(rejects):
        return Page(rejects, None)
    last = rejects[-1]
    cursor = _RejectCursor(line=last.line, reject_id=last.reject_id)
    return Page(rejects, encode_cursor(cursor))


def all_rejects(deps: Deps, job_id: UUID) -> Iterator[list[Reject]]:
    """Every reject of the job, page by page, in constant memory."""
    cursor: str | None = None
    while True:
        page = list_rejects(deps, RejectsQuery(job_id, _MAX_LIMIT, cursor))
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def raw_text(reject: Reject) -> str:
    """The record as text; invalid UTF-8 becomes U+FFFD."""
    return reject.raw.decode(errors="replace")


def reject_document(reject: Reject) -> dict[str, Any]:
    """The reject as JSON; a record too long for the response is cut, the CSV has all of it."""
    document: dict[str, Any] = {
        "reject_id": reject.reject_id,
        "line": reject.line,
        "raw": raw_text(reject),
        "values": reject.values or {},
        "errors": reject.errors,
    }
    if len(reject.raw) > _PAGE_BYTES:
        start = document["raw"][: _PAGE_BYTES // 10]
        document.update({"raw": start, "values": {}, "truncated": True})
    return document
