"""List a job's rejects, by line."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from functions.api.jobs.decrypt_rejects import decrypt_rejects
from functions.api.jobs.deps import Deps
from functions.api.jobs.models import RejectsQuery
from waybill.database.rejects import Reject, Rejects
from waybill.database.repository import Connection
from waybill.http.pagination import (
    MAX_PAGE_BYTES,
    Cursor,
    CursorInteger,
    Page,
    cut_page,
    decode_cursor,
    document_size,
    encode_cursor,
)

DEFAULT_LIMIT = 100
_MAX_LIMIT = 1000
# Bytes of raw text that are read for a page.
_READ_BYTES = 3_000_000
_SHOWN_CHARACTERS = 100_000


class _RejectCursor(Cursor):
    position: CursorInteger = 0
    """The member of an archive; 0 without one."""
    line: CursorInteger
    reject_id: UUID


def list_rejects(
    deps: Deps, query: RejectsQuery, size: Callable[[Reject], int] = lambda _: 0
) -> Page[Reject]:
    """A page of at most `limit` rejects; fewer if they are long.

    Args:
        deps: the database.
        query: the job, and which page; of an archive, the rejects of its members.
        size: bytes of a reject in the response.

    Raises:
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached, or the key of encrypted texts not be used.
    """
    limit = query.limit or DEFAULT_LIMIT
    after = decode_cursor(query.cursor, _RejectCursor)

    def read(connection: Connection) -> list[Reject]:
        rows = _read(Rejects(connection), query, after, limit + 1)
        if query.masked:
            return rows
        return decrypt_rejects(connection, deps.settings.personal_key, query.job_id, rows)

    rows = deps.reads_of(query.job_id).run(read)
    page = cut_page(rows, limit, _cursor, size)
    if page.next_cursor is None and rows and rows[-1].found > len(rows):
        # The query ended the page, for the length of its raw text.
        return Page(page.items, encode_cursor(_cursor(page.items[-1])))
    return page


def _read(
    rejects: Rejects, query: RejectsQuery, after: _RejectCursor | None, limit: int
) -> list[Reject]:
    if query.is_archive:
        return rejects.list_members_page(
            query.job_id,
            after=(after.position, after.line, after.reject_id) if after else None,
            limit=limit,
            max_bytes=_READ_BYTES,
            masked=query.masked,
        )
    return rejects.list_page(
        query.job_id,
        after=(after.line, after.reject_id) if after else None,
        limit=limit,
        max_bytes=_READ_BYTES,
        masked=query.masked,
    )


def _cursor(reject: Reject) -> _RejectCursor:
    return _RejectCursor(position=reject.position, line=reject.line, reject_id=reject.reject_id)


def all_rejects(deps: Deps, query: RejectsQuery) -> Iterator[list[Reject]]:
    """Every reject of the job, page by page, in constant memory."""
    cursor: str | None = None
    while True:
        page = list_rejects(deps, query._replace(limit=_MAX_LIMIT, cursor=cursor))
        yield page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def raw_text(reject: Reject) -> str:
    """The record as text; invalid UTF-8 becomes U+FFFD."""
    return reject.raw.decode(errors="replace")


def reject_document(reject: Reject) -> dict[str, Any]:
    """The reject as JSON; a record too long for the response is cut, the CSV has all of it."""
    place = {} if reject.member is None else {"job_id": reject.job_id, "member": reject.member}
    document: dict[str, Any] = {
        "reject_id": reject.reject_id,
        **place,
        "line": reject.line,
        "raw": raw_text(reject),
        "values": reject.values or {},
        "errors": reject.errors,
    }
    if document_size(document) > MAX_PAGE_BYTES:
        start = document["raw"][:_SHOWN_CHARACTERS]
        document.update({"raw": start, "values": {}, "truncated": True})
    return document
