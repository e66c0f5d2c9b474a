"""Keyset cursors: the last row's key, opaque to the client."""

import base64
import binascii
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from waybill.errors import BadRequest

# Names may be in it; API Gateway takes some 10 kB of address and headers.
_LONGEST = 6000


class Cursor(BaseModel):
    """Base of every list's cursor; one of another list does not fit, and is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


CursorT = TypeVar("CursorT", bound=Cursor)


def write_cursor(cursor: Cursor) -> str:
    """The cursor as the client carries it: base64url without padding."""
    return base64.urlsafe_b64encode(cursor.model_dump_json().encode()).rstrip(b"=").decode()


def read_cursor(text: str | None, kind: type[CursorT]) -> CursorT | None:
    """The cursor that the client carried; None when it carries none.

    Raises:
        BadRequest: `bad-cursor`, it was not given out by this list.
    """
    if text is None:
        return None
    try:
        padded = text[:_LONGEST].encode("ascii") + b"=" * (-len(text) % 4)
        return kind.model_validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, ValidationError):
        raise BadRequest("bad-cursor", "The cursor was not given out by this list.") from None
