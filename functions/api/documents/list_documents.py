"""List documents, newest first."""

from typing import Annotated

from pydantic import Field
from pydantic_core import to_json

from functions.api.documents.deps import Deps
from functions.api.documents.models import DocumentsQuery
from waybill.database.documents import Documents, StoredDocument
from waybill.database.repository import Connection
from waybill.errors import FieldError, Rejected
from waybill.http.pagination import (
    MAX_PAGE_BYTES,
    Cursor,
    cut_page,
    decode_cursor,
    response_size,
)
from waybill.http.personal_reads import View

_DATASET = "ingested_data"
MAX_OFFSET = 10_000
"""The database reads skipped rows too; beyond this offset a cursor is required."""


class _DocumentCursor(Cursor):
    id: Annotated[int, Field(ge=1, lt=2**63)]


def list_documents(deps: Deps, query: DocumentsQuery, view: View) -> str:
    """A page of documents as the JSON of `DocumentPage`; fewer than `limit` if they are long.

    The caller sees of them what `view` allows.

    Raises:
        BadRequest: `bad-cursor`.
        Rejected: `invalid-request`, both page and cursor are given, or the page is too far.
        Unavailable: the database cannot be reached.
    """
    before = decode_cursor(query.cursor, _DocumentCursor)
    offset = _offset(query)

    def read(connection: Connection) -> tuple[list[StoredDocument], int | None]:
        documents = Documents(connection)
        rows = documents.list_page(
            before=before.id if before else None,
            limit=query.limit + 1,
            skip=offset,
            max_bytes=MAX_PAGE_BYTES,
            masked=view.masked,
        )
        return rows, documents.estimated_count()

    deps.personal_reads.record(view, _DATASET, "documents")
    rows, estimate = deps.database.run(read)
    items = [(row.id, _document(row)) for row in rows]
    page = cut_page(
        items,
        query.limit,
        lambda item: _DocumentCursor(id=item[0]),
        lambda item: response_size(item[1]),
    )
    end = to_json({"next_cursor": page.next_cursor, "total_estimate": estimate}).decode()
    return f'{{"items":[{",".join(text for _, text in page.items)}],{end[1:]}'


def _offset(query: DocumentsQuery) -> int:
    if query.page is None:
        return 0
    errors = []
    if query.cursor is not None:
        message = "Use page or cursor, not both."
        errors.append(FieldError(pointer="?page", code="page-and-cursor", message=message))
    offset = (query.page - 1) * query.limit
    if offset > MAX_OFFSET:
        message = f"Pages end at item {MAX_OFFSET}; continue with next_cursor."
        errors.append(FieldError(pointer="?page", code="too-far", message=message))
    if errors:
        raise Rejected("invalid-request", errors[0].message, errors)
    return offset


def _document(row: StoredDocument) -> str:
    """The JSON of a `Document`. A parser would round the numbers of its payload."""
    start = to_json({"id": row.id, "content_hash": row.content_hash}).decode()[:-1]
    time = to_json(row.created_at).decode()
    return f'{start},"payload":{row.payload},"metadata":{row.metadata},"created_at":{time}}}'
