"""List the records of a job that wait for a referenced row, by line."""

import json
from typing import Annotated
from uuid import UUID

from pydantic import Field

from functions.api.jobs.deps import Deps
from waybill.database.rejects import PendingRecord, Rejects
from waybill.http.pagination import (
    MAX_PAGE_BYTES,
    Cursor,
    CursorInteger,
    Page,
    cut_page,
    decode_cursor,
    response_size,
)


class _PendingCursor(Cursor):
    line: Annotated[CursorInteger, Field(ge=0)]


def list_pending(deps: Deps, job_id: UUID, limit: int, cursor: str | None) -> Page[str]:
    """A page of the job's pending records, each as JSON; fewer than `limit` if they are long.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = decode_cursor(cursor, _PendingCursor) or _PendingCursor(line=0)
    deps.dataset_of(job_id)
    rows = deps.reads_of(job_id).run(
        lambda connection: Rejects(connection).list_pending(
            job_id, after=after.line, limit=limit + 1, max_bytes=MAX_PAGE_BYTES
        )
    )
    items = [(row.line, _document(row)) for row in rows]
    page = cut_page(
        items,
        limit,
        lambda item: _PendingCursor(line=item[0]),
        lambda item: response_size(item[1]),
    )
    return Page([text for _, text in page.items], page.next_cursor)


def _document(row: PendingRecord) -> str:
    """The record; without its values if they are too long for the response."""
    if response_size(row.document) <= MAX_PAGE_BYTES:
        return row.document
    document = json.loads(row.document)
    return json.dumps({**document, "values": {}, "truncated": True})
