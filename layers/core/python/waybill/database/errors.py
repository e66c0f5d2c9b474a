"""What an error of the database means: translating_db_errors here and nowhere else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from waybill.errors import Busy, Conflict, Rejected, Retryable, RowError, Unavailable, WaybillError

# SQLSTATEs that our own SQL functions raise, each with the problem it stands for.
REFUSALS: dict[str, tuple[type[Rejected], str]] = {
    "WB001": (Rejected, "unknown-dataset"),
    "WB002": (Rejected, "unknown-job"),
    "WB003": (Rejected, "job-ended"),
    "WB004": (Rejected, "job-cancelled"),
    "WB005": (Rejected, "contract-broken"),
    "WB009": (Rejected, "batch-refused"),
    "WB010": (Rejected, "key-reused"),
    "WB011": (Conflict, "key-in-flight"),
    "WB012": (Rejected, "not-replayable"),
}
_COME_BACK = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.QueryCanceled,
)
_AWAY = "database-unavailable"
_AWAY_CLASSES = ("08", "53", "57")
# The server closed a transaction that somebody else's slowness had left waiting.
_AWAY_STATES = ("25P03", "25P04")


def _flaws(error: psycopg.Error) -> list[RowError]:
    """The refused rows of a batch, which `waybill.merge_batch` puts into the error's detail."""
    found = json.loads(error.diag.message_detail or "[]")
    return [RowError.of(each["row"], each) for each in found]


def fate(error: psycopg.Error) -> WaybillError:
    """The `Rejected` or `Retryable` that stands for a driver's error."""
    state = error.sqlstate
    text = error.diag.message_primary or str(error) or type(error).__name__
    if state in REFUSALS:
        refusal, code = REFUSALS[state]
        return refusal(code, text, _flaws(error) if code == "batch-refused" else ())
    if isinstance(error, _COME_BACK):
        return Busy("database-busy", text)
    if state is None:
        # Of the driver itself: the connection, or what no waiting mends.
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return (Unavailable if lost else Retryable)(_AWAY if lost else "database-error", text)
    if state[:2] in _AWAY_CLASSES or state in _AWAY_STATES:
        return Unavailable(_AWAY, text)
    if state[:2] in ("22", "23"):
        return Rejected("data-refused", text)
    return Retryable("database-error", f"{state}: {text}")


@contextmanager
def translating_db_errors() -> Iterator[None]:
    """Turn the driver's errors within into `Rejected` or `Retryable`."""
    try:
        yield
    except psycopg.Error as error:
        raise fate(error) from error
