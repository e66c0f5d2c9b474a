"""The exceptions, and whether retrying helps.

::

    WaybillError
    ├── Rejected      permanent: recorded, acknowledged, never retried
    │   └── BadRequest, Unauthorized, Forbidden, NotFound, NotAcceptable, Conflict, TooLarge,
    │       TooMany, UnsupportedMedia
    └── Retryable     unknown cause: permanent when it fails twice
        ├── Transient     known to pass (a deadlock, a timeout): permanent after 10 failures
        │   └── OutOfResources    memory, disk or connections of the server: after 30
        ├── Busy          a lock is taken or an earlier job is open: not a failure
        └── Unavailable   the database or a service cannot be reached: not a failure

Every class has the HTTP status of its response.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from pydantic import BaseModel

_MAX_DETAIL = 4000


class FieldError(BaseModel):
    """An error in an input: its place (JSON pointer or column), code and message."""

    pointer: str
    code: str
    message: str


class RowError(FieldError):
    """An error in a row of a batch; rows count from 0."""

    row: int
    column: str | None

    @classmethod
    def of(cls, row: int, reason: Mapping[str, Any]) -> Self:
        """From a reject reason (`column`, `code`, `message`) of a row."""
        column = reason.get("column")
        pointer = f"/rows/{row}" + (f"/{_escaped(column)}" if column else "")
        code, message = reason["code"], reason["message"]
        return cls(pointer=pointer, code=code, message=message, row=row, column=column)


def _escaped(name: str) -> str:
    """The name as a segment of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


class WaybillError(Exception):
    """The base class. `code` is the last segment of the problem type, e.g. `unknown-dataset`."""

    status: ClassVar[int] = 500
    title: ClassVar[str] = "Internal error"
    max_field_errors: ClassVar[int] = 100
    """How many field errors a response shows."""

    def __init__(self, code: str, detail: str, field_errors: Sequence[FieldError] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field_errors = tuple(field_errors)

    def problem(self) -> dict[str, object]:
        """The error as it is stored with a job: type, title, detail and the first errors."""
        shown = self.field_errors[: self.max_field_errors]
        errors = {"errors": [error.model_dump() for error in shown]} if shown else {}
        # It may quote the file, and pages of jobs and runs show it.
        detail = self.detail[:_MAX_DETAIL]
        return {"type": self.code, "title": self.title, "detail": detail, **errors}


class Rejected(WaybillError):
    """The input is invalid: the error is recorded, the message acknowledged, nothing retried."""

    status = 422
    title = "The input was refused"


class BadRequest(Rejected):
    """The request cannot be understood (a cursor, a parameter)."""

    status = 400
    title = "Bad request"


class Unauthorized(Rejected):
    """The request has no valid token."""

    status = 401
    title = "Unauthorized"


class Forbidden(Rejected):
    """The caller's role does not allow this."""

    status = 403
    title = "Forbidden"


class NotFound(Rejected):
    """It does not exist, or the caller may not see it."""

    status = 404
    title = "Not found"


class NotAcceptable(Rejected):
    """The endpoint has no representation that the client accepts."""

    status = 406
    title = "Not acceptable"


class Conflict(Rejected):
    """The resource is in a state that does not allow this."""

    status = 409
    title = "Conflict"


class TooLarge(Rejected):
    """The body or the file is larger than the endpoint accepts."""

    status = 413
    title = "Too large"


class TooMany(Rejected):
    """The caller has used up what is allowed within a time."""

    status = 429
    title = "Too many requests"

    def __init__(self, code: str, detail: str, *, retry_after_seconds: int) -> None:
        super().__init__(code, detail)
        self.retry_after_seconds = retry_after_seconds
        """After which some of it is allowed again."""


class UnsupportedMedia(Rejected):
    """The endpoint does not accept this media type."""

    status = 415
    title = "Unsupported media type"


class Retryable(WaybillError):
    """An unexpected error; retrying may help."""

    max_failures: ClassVar[int | None] = 2
    """How often a step may fail so before its job fails; None: any number of times."""

    status = 503
    title = "Temporarily unavailable"
    retry_after_seconds: ClassVar[int] = 5


class Transient(Retryable):
    """A known cause that passes: a deadlock, a serialization failure, a timeout."""

    max_failures: ClassVar[int | None] = 10


class OutOfResources(Transient):
    """The server has no memory, disk space or connections left (SQLSTATE classes 53 and 58)."""

    max_failures: ClassVar[int | None] = 30


class Busy(Retryable):
    """A lock is taken, or earlier jobs have to end first; what is waited for is bounded itself."""

    max_failures: ClassVar[int | None] = None

    def __init__(self, code: str, detail: str, *, ahead: int = 0) -> None:
        super().__init__(code, detail)
        self.ahead = ahead
        """How many jobs have to end first, as far as that is known."""


class Unavailable(Retryable):
    """The database or another service cannot be reached; this does not count as an attempt."""

    max_failures: ClassVar[int | None] = None
