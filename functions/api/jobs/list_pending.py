"""List the records of a job that wait for a referenced row, by line."""

import json
from typing import Annotated

from pydantic import Field

from functions.api.jobs.deps import Deps
from functions.api.jobs.models import PendingQuery
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


def list_pending(deps: Deps, query: PendingQuery) -> Page[str]:
    """A page of the job's pending records, each as JSON; fewer than `limit` if they are long.

    Raises:
        NotFound: `unknown-job`.
        BadRequest: `bad-cursor`.
        Unavailable: the database cannot be reached.
    """
    after = decode_cursor(query.cursor, _PendingCursor) or _PendingCursor(line=0)
    deps.dataset_of(query.job_id)
    rows = deps.reads_of(query.job_id).run(
        lambda connection: Rejects(connection).list_pending(
            query.job_id,
            after=after.line,
            limit=query.limit + 1,
            max_bytes=MAX_PAGE_BYTES,
            masked=query.masked,
        )
    )
    items = [(row.line, _document(row)) for row in rows]
    page = cut_page(
        items,
        query.limit,
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
