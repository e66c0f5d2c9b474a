"""The verb: a page of documents, newest first."""

from typing import Annotated, Any, NamedTuple

from pydantic import Field

from functions.api.documents.answer import Document, DocumentPage
from waybill.database.queries import queries
from waybill.errors import FieldError, Rejected
from waybill.http.cursors import Cursor, read_cursor, write_cursor
from waybill.http.persistent_connection import WarmDatabase

MOST_SKIPPED = 10_000
"""Skipped rows are read all the same: beyond this a cursor is the way."""
# Characters of a page; written as JSON inside JSON it stays below a function's 6 MB.
_PAGE_CHARACTERS = 2_000_000


class Wanted(NamedTuple):
    """Which page: the n-th of this size, or the one after a cursor."""

    page: int | None
    limit: int
    cursor: str | None


class _Before(Cursor):
    id: Annotated[int, Field(ge=1, lt=2**63)]


def list_documents(database: WarmDatabase, wanted: Wanted) -> DocumentPage:
    """A page of documents, fewer than asked for when they are long, and where the next begins.

    Raises:
        BadRequest: `bad-cursor`.
        Rejected: `invalid-request`, a page and a cursor at once, or a page too far on.
        Unavailable: the database cannot be reached.
    """
    before = read_cursor(wanted.cursor, _Before)
    skipped = _skipped(wanted)

    def question(connection: Any) -> tuple[list[Any], int | None]:  # noqa: ANN401 - aiosql's own
        sql = queries("documents")
        rows = sql.list_documents(
            connection, before=before and before.id, rows=wanted.limit + 1, skipped=skipped
        )
        return list(rows), sql.estimate(connection)

    rows, estimate = database.ask(question)
    items = _fitting([_document(row) for row in rows[: wanted.limit]])
    more = write_cursor(_Before(id=items[-1].id)) if len(items) < len(rows) else None
    return DocumentPage(items=items, next_cursor=more, total_estimate=estimate)


def _skipped(wanted: Wanted) -> int:
    if wanted.page is None:
        return 0
    field_errors = []
    if wanted.cursor is not None:
        message = "Ask for a page or from a cursor, not both."
        field_errors.append(FieldError(pointer="?page", code="page-and-cursor", message=message))
    skipped = (wanted.page - 1) * wanted.limit
    if skipped > MOST_SKIPPED:
        message = f"Pages go to item {MOST_SKIPPED}; go on with next_cursor."
        field_errors.append(FieldError(pointer="?page", code="too-far", message=message))
    if field_errors:
        raise Rejected("invalid-request", field_errors[0].message, field_errors)
    return skipped


def _document(row: tuple[Any, ...]) -> Document:
    # The database gives these types; checking them again would only take time.
    return Document.model_construct(**dict(zip(Document.model_fields, row, strict=True)))


def _fitting(items: list[Document]) -> list[Document]:
    """As many of the items as an answer holds, one at least."""
    room = _PAGE_CHARACTERS
    for count, item in enumerate(items):
        room -= len(item.model_dump_json())
        if room < 0 and count:
            return items[:count]
    return items
