"""How database errors are classified."""

import psycopg
import pytest
from psycopg import errors

from waybill.database.connect import connect
from waybill.database.errors import classify_error
from waybill.errors import Busy, OutOfResources, Rejected, Retryable, Transient, Unavailable
from waybill.settings import DatabaseSettings


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        # The server is away, or on its way: no attempt.
        (psycopg.OperationalError("server closed the connection unexpectedly"), Unavailable),
        (psycopg.InterfaceError("the connection is closed"), Unavailable),
        (errors.AdminShutdown("terminating connection"), Unavailable),
        (errors.CannotConnectNow("the database system is starting up"), Unavailable),
        # The server has too little of something: counted, with patience.
        (errors.TooManyConnections("too many clients"), OutOfResources),
        (errors.DiskFull("no space left"), OutOfResources),
        (errors.IoError("could not read block"), OutOfResources),
        # Somebody else is at it: come back later.
        (errors.LockNotAvailable("lock"), Busy),
        # Known to pass, but not for ever.
        (errors.DeadlockDetected("deadlock"), Transient),
        (errors.SerializationFailure("could not serialize"), Transient),
        (errors.QueryCanceled("statement timeout"), Transient),
        (errors.IdleInTransactionSessionTimeout("idle in transaction"), Transient),
        # A deployment may be about to create it.
        (errors.UndefinedFunction("function waybill.f() does not exist"), Transient),
        (errors.UndefinedColumn("no such column"), Retryable),
        (errors.InsufficientPrivilege("permission denied for function f"), Transient),
        (errors.InternalError_("cache lookup failed for function 1"), Transient),
        # The input is wrong and stays wrong.
        (errors.NumericValueOutOfRange("out of range"), Rejected),
        (errors.CheckViolation("check"), Rejected),
        (errors.ProgramLimitExceeded("index row size exceeds maximum"), Rejected),
        # Nobody foresaw it: tried a few times, and put aside.
        (errors.InternalError_("cache lookup failed for type 1"), Retryable),
        (psycopg.ProgrammingError("the query has 2 placeholders"), Retryable),
        (psycopg.DataError("text cannot contain NUL bytes"), Retryable),
    ],
)
def test_the_classification_of_an_error(error: psycopg.Error, expected: type[Exception]) -> None:
    assert type(classify_error(error)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('FATAL:  too many connections for role "waybill_load"', OutOfResources),
        ("FATAL:  sorry, too many clients already", OutOfResources),
        ("FATAL:  remaining connection slots are reserved for roles", OutOfResources),
        ("connection refused", Unavailable),
        ("FATAL:  the database system is starting up", Unavailable),
    ],
)
def test_a_server_without_a_connection_left_counts_as_an_attempt(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: type[Retryable]
) -> None:
    def refused(*_: object) -> None:
        raise psycopg.OperationalError(f"connection to server failed: {text}")

    monkeypatch.setattr("waybill.database.connect._log_in", refused)
    with pytest.raises(Retryable) as caught:
        connect(DatabaseSettings(database_host="db", database_user="u"), "load", patience_seconds=0)
    assert type(caught.value) is expected
