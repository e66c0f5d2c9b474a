"""What an error of the database means for the message that met it."""

import psycopg
import pytest
from psycopg import errors

from waybill.database.errors import classify_error
from waybill.errors import Busy, Rejected, Retryable, Unavailable


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        # The server is away, or on its way: no attempt.
        (psycopg.OperationalError("server closed the connection unexpectedly"), Unavailable),
        (psycopg.InterfaceError("the connection is closed"), Unavailable),
        (errors.AdminShutdown("terminating connection"), Unavailable),
        (errors.CannotConnectNow("the database system is starting up"), Unavailable),
        (errors.TooManyConnections("too many clients"), Unavailable),
        (errors.DiskFull("no space left"), Unavailable),
        (errors.IdleInTransactionSessionTimeout("idle in transaction"), Unavailable),
        # Somebody else is at it: come back later.
        (errors.LockNotAvailable("lock"), Busy),
        (errors.DeadlockDetected("deadlock"), Busy),
        (errors.SerializationFailure("could not serialize"), Busy),
        (errors.QueryCanceled("statement timeout"), Busy),
        # The input is wrong and stays wrong.
        (errors.NumericValueOutOfRange("out of range"), Rejected),
        (errors.CheckViolation("check"), Rejected),
        # Nobody foresaw it: tried a few times, and put aside.
        (errors.UndefinedColumn("no such column"), Retryable),
        (errors.InternalError_("cache lookup failed"), Retryable),
        (psycopg.ProgrammingError("the query has 2 placeholders"), Retryable),
        (psycopg.DataError("text cannot contain NUL bytes"), Retryable),
    ],
)
def test_the_fate_of_an_error(error: psycopg.Error, expected: type[Exception]) -> None:
    assert type(classify_error(error)) is expected
