"""Records every attempt of a step at a job, whether it succeeds or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from waybill import telemetry
from waybill.database.repository import Connection
from waybill.database.runs import Outcome, Runs
from waybill.errors import Rejected, WaybillError


@contextmanager
def run(connection: Connection, job_id: UUID, step: str, chunk: int | None = None) -> Iterator[int]:
    """Record the block as a run of `step`; yields the run's id. Exceptions propagate.

    `connection` must be in autocommit and outside a transaction at both ends, since a run is
    kept also when what it did is undone.

    Raises:
        Rejected, Retryable: the run could not be written at its start.
    """
    run_id = Runs(connection).start(job_id, step, chunk)
    try:
        yield run_id
    except BaseException as error:
        outcome: Outcome = "rejected" if isinstance(error, Rejected) else "retry"
        _end(connection, run_id, outcome, _problem(error))
        raise
    else:
        _end(connection, run_id, "ok", None)


def _problem(error: BaseException) -> dict[str, object]:
    if isinstance(error, WaybillError):
        return error.problem()
    return {"type": "unexpected", "title": "Unexpected error", "detail": repr(error)}


def _end(
    connection: Connection, run_id: int, outcome: Outcome, problem: dict[str, object] | None
) -> None:
    try:
        Runs(connection).end(run_id, outcome, problem)
    except WaybillError as error:
        # Failing to record the run must not hide how it ended.
        telemetry.action("run.unrecorded", level="warning", run_id=run_id, detail=str(error))
