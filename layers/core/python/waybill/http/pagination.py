"""Pages: keyset cursors, opaque to the client, and cutting a page from the rows read."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, NamedTuple, TypeVar

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from waybill.errors import BadRequest

# API Gateway limits the request line and headers to about 10 kB.
_MAX_CHARACTERS = 6000
MAX_PAGE_BYTES = 5_000_000
"""Bytes of a page as `response_size` counts them; Lambda's limit for a response is 6 MB."""

CursorParam = Annotated[
    str | None,
    Query(
        description="`next_cursor` of the previous page.",
        # Documented only: a wrong cursor is 400 `bad-cursor`, whatever is wrong with it.
        json_schema_extra={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]
PageLimit = Annotated[int, Query(ge=1, le=500, description="Items per page.")]
LongPageLimit = Annotated[int, Query(ge=1, le=1000, description="Items per page.")]
# A cursor is input: only values that PostgreSQL can compare are accepted.
CursorInteger = Annotated[int, Field(ge=-(2**63) + 1, lt=2**63)]
CursorText = Annotated[str, Field(pattern=r"^[^\x00]*$")]


class Cursor(BaseModel):
    """Base of every list's cursor: the key of the last row of a page."""

    model_config = ConfigDict(frozen=True, extra="forbid")


CursorT = TypeVar("CursorT", bound=Cursor)
T = TypeVar("T")


def encode_cursor(cursor: Cursor) -> str:
    """The cursor as base64url without padding."""
    return base64.urlsafe_b64encode(cursor.model_dump_json().encode()).rstrip(b"=").decode()


def decode_cursor(text: str | None, model: type[CursorT]) -> CursorT | None:
    """The cursor of a request; None if it has none.

    Raises:
        BadRequest: `bad-cursor`, it is not a cursor of this list.
    """
    if text is None:
        return None
    try:
        padded = text[:_MAX_CHARACTERS].encode("ascii") + b"=" * (-len(text) % 4)
        return model.model_validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, ValidationError):
        raise BadRequest("bad-cursor", "The cursor is not one of this list.") from None


def response_size(text: str) -> int:
    """Bytes of a text inside Lambda's response, which is JSON and escapes the body once more."""
    return len(text.encode()) + sum(map(text.count, '"\\\n\r\t'))


def document_size(document: object) -> int:
    """Bytes of a document inside Lambda's response."""
    return response_size(to_json(document).decode())


class Page(NamedTuple, Generic[T]):
    """Items, and the cursor of the next page; None on the last page."""

    items: list[T]
    next_cursor: str | None


def cut_page(
    rows: Sequence[T],
    limit: int,
    cursor: Callable[[T], Cursor],
    size: Callable[[T], int],
    max_size: int = MAX_PAGE_BYTES,
) -> Page[T]:
    """The first `limit` rows; fewer if they are long, but at least one.

    Args:
        rows: the rows of the page, and one more if there is a next page.
        limit: rows per page, 1 or more.
        cursor: the cursor that continues after a row.
        size: bytes of a row in the response.
        max_size: bytes of the page.
    """
    items: list[T] = []
    room = max_size
    for row in rows[:limit]:
        room -= size(row)
        if items and room < 0:
            break
        items.append(row)
    return Page(items, encode_cursor(cursor(items[-1])) if len(items) < len(rows) else None)
