"""Records every attempt of a step at a job, whether it succeeds or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from waybill import telemetry
from waybill.database.errors import classify_exception
from waybill.database.repository import Connection
from waybill.database.runs import Outcome, Runs
from waybill.errors import Rejected, WaybillError

# Fewer than a queue delivers a message, so that the job fails before its message is set aside.
_MAX_KILLED = 4


@contextmanager
def run(connection: Connection, job_id: UUID, step: str, chunk: int | None = None) -> Iterator[int]:
    """Record the block as a run of `step`; yields the run's id. Exceptions propagate.

    `connection` must be in autocommit and outside a transaction at both ends, since a run is
    kept also when what it did is undone.

    Raises:
        Rejected: `killed-repeatedly`, when earlier attempts ran out of memory or time.
        Retryable: the run could not be written at its start.
    """
    runs = Runs(connection)
    run_id = runs.start(job_id, step, chunk)
    try:
        _check_killed(runs.count_killed(job_id, step, chunk))
        yield run_id
    except BaseException as error:
        outcome: Outcome = "rejected" if isinstance(error, Rejected) else "retry"
        _end(connection, run_id, outcome, _problem(error))
        raise
    else:
        _end(connection, run_id, "ok", None)


def _check_killed(killed: int) -> None:
    if killed >= _MAX_KILLED:
        detail = f"{killed} attempts were killed, out of memory or time; the job is given up."
        raise Rejected("killed-repeatedly", detail)


def _problem(error: BaseException) -> dict[str, object]:
    if isinstance(error, Exception):
        return classify_exception(error).problem()
    return {"type": "interrupted", "title": "Interrupted", "detail": type(error).__name__}


def _end(
    connection: Connection, run_id: int, outcome: Outcome, problem: dict[str, object] | None
) -> None:
    try:
        Runs(connection).end(run_id, outcome, problem)
    except WaybillError as error:
        # Failing to record the run must not hide how it ended.
        telemetry.action("run.unrecorded", level="warning", run_id=run_id, detail=str(error))
