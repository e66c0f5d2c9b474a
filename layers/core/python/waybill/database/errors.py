"""The meaning of a database error, decided here and nowhere else.

The SQLSTATEs that our own routines raise are listed at the head of
`sql/routines/00_statements.sql`.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from waybill.errors import Busy, Conflict, Rejected, Retryable, RowError, Unavailable, WaybillError

# SQLSTATE → the class and the problem type that it stands for.
REFUSALS: dict[str, tuple[type[Rejected], str]] = {
    "WB001": (Rejected, "unknown-dataset"),
    "WB002": (Rejected, "unknown-job"),
    "WB003": (Rejected, "job-ended"),
    "WB005": (Rejected, "contract-broken"),
    "WB006": (Rejected, "plan-superseded"),
    "WB009": (Rejected, "batch-refused"),
    "WB010": (Rejected, "key-reused"),
    "WB011": (Conflict, "key-in-flight"),
    "WB012": (Rejected, "not-replayable"),
}
_BUSY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.QueryCanceled,
)
_UNAVAILABLE = "database-unavailable"
_UNAVAILABLE_CLASSES = ("08", "53", "57")
# The server closed a transaction that was left idle for too long.
_UNAVAILABLE_STATES = ("25P03", "25P04")


def classify_error(error: psycopg.Error) -> WaybillError:
    """The `Rejected` or `Retryable` that an error of the driver stands for."""
    state = error.sqlstate
    text = error.diag.message_primary or str(error) or type(error).__name__
    if state in REFUSALS:
        refusal, code = REFUSALS[state]
        return refusal(code, text, _row_errors(error) if code == "batch-refused" else ())
    if isinstance(error, _BUSY):
        return Busy("database-busy", text)
    if state is None:
        # Raised by the driver: the connection was lost, or something that no waiting mends.
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return (Unavailable if lost else Retryable)(
            _UNAVAILABLE if lost else "database-error", text
        )
    if state[:2] in _UNAVAILABLE_CLASSES or state in _UNAVAILABLE_STATES:
        return Unavailable(_UNAVAILABLE, text)
    if state[:2] in ("22", "23"):
        return Rejected("data-refused", text)
    return Retryable("database-error", f"{state}: {text}")


def _row_errors(error: psycopg.Error) -> list[RowError]:
    """The invalid rows of a batch, which `waybill.merge_batch` puts into the error's detail."""
    found = json.loads(error.diag.message_detail or "[]")
    return [RowError.of(each["row"], each) for each in found]


@contextmanager
def translating_db_errors() -> Iterator[None]:
    """Raise errors of the driver as `Rejected` or `Retryable`."""
    try:
        yield
    except psycopg.Error as error:
        raise classify_error(error) from error
