"""What an error of the database means: decided here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from waybill.errors import Busy, Rejected, Retryable, Unavailable, WaybillError

# SQLSTATEs that our own SQL functions raise, each with the problem it stands for.
REFUSALS = {
    "WB001": "unknown-dataset",
    "WB002": "unknown-job",
    "WB003": "job-ended",
    "WB004": "job-cancelled",
    "WB005": "contract-broken",
}
_COME_BACK = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.QueryCanceled,
)
_AWAY_CLASSES = ("08", "53", "57")


def fate(error: psycopg.Error) -> WaybillError:
    """The `Rejected` or `Retryable` that stands for a driver's error."""
    state = error.sqlstate
    text = error.diag.message_primary or str(error) or type(error).__name__
    if state in REFUSALS:
        return Rejected(REFUSALS[state], text)
    if isinstance(error, _COME_BACK):
        return Busy("database-busy", text)
    if state is None or state[:2] in _AWAY_CLASSES:
        return Unavailable("database-unavailable", text)
    if state[:2] in ("22", "23"):
        return Rejected("data-refused", text)
    return Retryable("database-error", f"{state}: {text}")


@contextmanager
def decided() -> Iterator[None]:
    """Turn the driver's errors within into `Rejected` or `Retryable`."""
    try:
        yield
    except psycopg.Error as error:
        raise fate(error) from error
