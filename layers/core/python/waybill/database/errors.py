"""The meaning of a database error, decided here and nowhere else.

The SQLSTATEs that our own routines raise are listed at the head of
`sql/routines/00_statements.sql`.
"""

import errno
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import errors

from waybill.errors import (
    BadRequest,
    Busy,
    Conflict,
    FieldError,
    NotFound,
    OutOfResources,
    Rejected,
    Retryable,
    RowError,
    Transient,
    Unavailable,
    WaybillError,
)

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
    "WB013": (BadRequest, "bad-cursor"),
    "WB014": (Conflict, "source-exists"),
    "WB015": (NotFound, "unknown-source"),
    "WB016": (Conflict, "source-declared"),
    "WB017": (Conflict, "still-referenced"),
    "WB018": (NotFound, "unknown-person"),
    "WB019": (Rejected, "unknown-receiver"),
    "WB020": (Conflict, "not-revertible"),
    "WB021": (Conflict, "too-many-exports"),
    "WB022": (Conflict, "partition-archived"),
    "WB023": (NotFound, "unknown-partition"),
    "WB024": (Rejected, "lake-refused"),
}
_UNAVAILABLE = "database-unavailable"
# The server restarts, shuts down, or ended the session.
_UNAVAILABLE_STATES = ("57P01", "57P02", "57P03", "57P05")
# Deadlock, serialization failure, statement, idle and transaction timeouts.
_TRANSIENT_STATES = ("40001", "40003", "40P01", "57014", "25P03", "25P04")
# A lock is taken, an object is in use.
_BUSY_STATES = (errors.LockNotAvailable.sqlstate, errors.ObjectInUse.sqlstate)
# Insufficient resources; errors of the server's operating system.
_RESOURCE_CLASSES = ("53", "58")
# A routine lacks a function, a table, a column, a type or the right to one.
_LACKING_STATES = ("42883", "42P01", "42703", "42704", "42501")
# The innermost function of an error's context, and what it was at; without the schema if that is
# on the search path.
_FUNCTION = re.compile(r'^(?:PL/pgSQL|SQL) function "?([^\s("]+)(.*)$', re.MULTILINE)
# The data does not fit the table: data exceptions, constraints, views, limits of the server.
_DATA_CLASSES = ("22", "23", "44", "54")


def classify_error(error: psycopg.Error) -> WaybillError:
    """The `Rejected` or `Retryable` that an error of the driver stands for."""
    state = error.sqlstate
    text = error.diag.message_primary or str(error) or type(error).__name__
    if state in REFUSALS:
        refusal, code = REFUSALS[state]
        return refusal(code, text, _errors_of(error, code))
    if state is None:
        # Raised by the driver: the connection was lost, or the cause is unknown.
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return (Unavailable if lost else Retryable)(
            _UNAVAILABLE if lost else "database-error", text
        )
    if _is_raised_by_table(error, state):
        # Unlike an outage or a merge, it may never end by itself, so it counts as a failure.
        return Transient("database-timeout", f"{state}: {text}")
    if _is_being_replaced(error, state, text):
        return Transient("database-changing", f"{state}: {text}")
    if state in _BUSY_STATES:
        return Busy("database-busy", text, ahead=_jobs_ahead(error))
    return _classify_state(state, text)


def _is_being_replaced(error: psycopg.Error, state: str, text: str) -> bool:
    """Whether a routine of Waybill lacks what a migration may be about to create again.

    From a migration that drops a routine until the routines and the roles are applied, calls of it
    fail. What a trigger of a table lacks does not come back by itself. A merge and a batch decide
    this by `waybill.is_being_replaced`, which knows Waybill's routines, before they take an error
    for the table's refusal.
    """
    if is_prepared_before(error) or text.startswith("cache lookup failed for function"):
        return True
    if state not in _LACKING_STATES or error.diag.source_function == "exec_stmt_raise":
        return False
    function = _FUNCTION.search(error.diag.context or "")
    if not function:
        return "waybill." in text or state == errors.InsufficientPrivilege.sqlstate
    is_own = "." not in function[1] or function[1].startswith("waybill.")
    # What it executes with EXECUTE is mostly about the table.
    return is_own and ("EXECUTE" not in function[2] or "waybill." in text)


def is_prepared_before(error: BaseException | None) -> bool:
    """Whether a statement was prepared for a routine with another result.

    It is refused until its connection is closed: the driver keeps it.
    """
    return (
        isinstance(error, psycopg.Error) and error.diag.source_function == "RevalidateCachedQuery"
    )


def _is_raised_by_table(error: psycopg.Error, state: str) -> bool:
    """Whether a trigger or a foreign table raised a state that otherwise counts as no failure.

    The server ends a session with FATAL; routines of Waybill raise with their schema's name.
    """
    if state.startswith("08") or state in _UNAVAILABLE_STATES:
        return error.diag.severity_nonlocalized == "ERROR"
    raised = error.diag.source_function == "exec_stmt_raise"
    return state in _BUSY_STATES and raised and error.diag.schema_name != "waybill"


def _classify_state(state: str, text: str) -> WaybillError:
    """Only listed states are transient; every unknown one is permanent when it fails twice."""
    family = state[:2]
    if family == "08" or state in _UNAVAILABLE_STATES:
        return Unavailable(_UNAVAILABLE, text)
    if state in _TRANSIENT_STATES:
        return Transient("database-timeout", text)
    if family in _RESOURCE_CLASSES:
        return OutOfResources("database-out-of-resources", text)
    if family in _DATA_CLASSES:
        return Rejected("data-refused", text)
    return Retryable("database-error", f"{state}: {text}")


def _jobs_ahead(error: psycopg.Error) -> int:
    """How many other jobs are ready to be merged, where `lock_merge` found its lock taken."""
    detail = error.diag.message_detail or ""
    is_count = error.diag.schema_name == "waybill" and detail.isdecimal()
    return max(0, int(detail) - 1) if is_count else 0


def _errors_of(error: psycopg.Error, code: str) -> Sequence[FieldError]:
    """The list that a routine puts into the error's detail."""
    if code == "batch-refused":
        return _row_errors(error)
    if code == "not-revertible":
        found = json.loads(error.diag.message_detail or "[]")
        return [FieldError(pointer="", **each) for each in found]
    return ()


def _row_errors(error: psycopg.Error) -> list[RowError]:
    """The invalid rows of a batch, which `waybill.merge_batch` puts into the error's detail."""
    found = json.loads(error.diag.message_detail or "[]")
    return [RowError.of(each["row"], each) for each in found]


def classify_exception(error: Exception) -> WaybillError:
    """The `Rejected` or `Retryable` that an exception of any kind stands for."""
    if isinstance(error, WaybillError):
        return error
    if isinstance(error, psycopg.Error):
        return classify_error(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Rejected("disk-full", "The function's temporary storage is full.")
    # The text of an unknown error may hold anything; it is in the log.
    return Retryable("internal-error", f"Unexpected error: {type(error).__name__}.")


@contextmanager
def translating_db_errors() -> Iterator[None]:
    """Raise errors of the driver as `Rejected` or `Retryable`."""
    try:
        yield
    except psycopg.Error as error:
        raise classify_error(error) from error
