"""Runs: one row for every attempt of a step at a job, whatever becomes of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Rejected, WaybillError

Connection = psycopg.Connection[tuple[Any, ...]]


@contextmanager
def run(connection: Connection, job_id: UUID, step: str, chunk: int | None = None) -> Iterator[int]:
    """Record what happens within as a run of `step`; gives its id. Errors pass through.

    `connection` must be in autocommit and outside a transaction at both ends, since a run is
    kept also when what it did is undone.

    Raises:
        Rejected, Retryable: the run could not be written at its start.
    """
    with translating_db_errors():
        run_id: int = queries("runs").start_run(connection, job_id=job_id, step=step, chunk=chunk)
    try:
        yield run_id
    except BaseException as error:
        outcome = "rejected" if isinstance(error, Rejected) else "retry"
        _end(connection, run_id, outcome, _problem(error))
        raise
    else:
        _end(connection, run_id, "ok", None)


def _problem(error: BaseException) -> dict[str, object]:
    if isinstance(error, WaybillError):
        return error.problem()
    return {"type": "unexpected", "title": "Unexpected error", "detail": repr(error)}


def _end(
    connection: Connection, run_id: int, outcome: str, problem: dict[str, object] | None
) -> None:
    written = None if problem is None else Jsonb(problem)
    try:
        queries("runs").end_run(connection, run_id=run_id, outcome=outcome, problem=written)
    except psycopg.Error as error:
        # The run's own end matters more than the record of it.
        telemetry.action("run.unrecorded", level="warning", run_id=run_id, detail=str(error))
