"""Records every attempt of a step at a job, and gives the job up after too many."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from waybill import telemetry
from waybill.database.errors import classify_exception
from waybill.database.repository import Connection
from waybill.database.runs import Outcome, Runs
from waybill.errors import Rejected, Retryable, WaybillError
from waybill.metrics.catalogue import JOBS_GIVEN_UP
from waybill.metrics.record import count

# Fewer than a queue delivers a message, so that the job fails before its message is set aside.
_MAX_KILLED = 4
# The file is not to blame, but trying again does not help.
_DISK_FULL = "disk-full"
_KILLED = "killed-repeatedly"


class _Attempt(NamedTuple):
    """An attempt that is being recorded."""

    connection: Connection
    job_id: UUID
    step: str
    chunk: int | None
    run_id: int

    def end(self, outcome: Outcome, problem: dict[str, object] | None = None) -> None:
        try:
            Runs(self.connection).end(self.run_id, outcome, problem)
        except WaybillError as error:
            # Failing to record the run must not hide how it ended.
            telemetry.action(
                "run.unrecorded", level="warning", run_id=self.run_id, detail=str(error)
            )

    def count_failed(self, reason: Retryable) -> int:
        """How often the step has failed so, this attempt included; 0 if that is not known."""
        try:
            runs = Runs(self.connection)
            return runs.count_failed(self.job_id, self.step, self.chunk, reason.code)
        except WaybillError as error:
            telemetry.action("run.uncounted", level="warning", detail=str(error))
            return 0


@contextmanager
def run(connection: Connection, job_id: UUID, step: str, chunk: int | None = None) -> Iterator[int]:
    """Record the block as a run of `step`; yields the run's id. Exceptions propagate.

    `connection` must be in autocommit and outside a transaction at both ends, since a run is
    kept also when what it did is undone.

    Raises:
        Rejected: `killed-repeatedly`, when earlier attempts ran out of memory or time; or the
            code of the exception, when the step has failed with it as often as its class allows.
        Retryable: the run could not be written at its start.
    """
    runs = Runs(connection)
    attempt = _Attempt(connection, job_id, step, chunk, runs.start(job_id, step, chunk))
    try:
        _check_killed(runs.count_killed(job_id, step, chunk))
        yield attempt.run_id
    except Exception as error:
        reason = classify_exception(error)
        attempt.end("rejected" if isinstance(reason, Rejected) else "retry", reason.problem())
        _check_failed(attempt, reason, error)
        if isinstance(error, Rejected) and error.code in (_DISK_FULL, _KILLED):
            _count_given_up(attempt, error)
        raise
    except BaseException as error:
        detail = type(error).__name__
        attempt.end("retry", {"type": "interrupted", "title": "Interrupted", "detail": detail})
        raise
    else:
        attempt.end("ok")


def _check_killed(killed: int) -> None:
    if killed >= _MAX_KILLED:
        detail = f"{killed} attempts were killed, out of memory or time; the job is given up."
        raise Rejected(_KILLED, detail)


def _check_failed(attempt: _Attempt, reason: WaybillError, cause: Exception) -> None:
    if not isinstance(reason, Retryable) or reason.max_failures is None:
        return
    failures = attempt.count_failed(reason)
    if failures >= reason.max_failures:
        given_up = Rejected(reason.code, f"{reason.detail} (failed {failures} times)")
        _count_given_up(attempt, given_up)
        raise given_up from cause


def _count_given_up(attempt: _Attempt, reason: Rejected) -> None:
    """The step records the reason with its job; the alarm is on this metric."""
    telemetry.action(
        "run.given-up",
        level="error",
        run_id=attempt.run_id,
        code=reason.code,
        detail=reason.detail,
    )
    count(JOBS_GIVEN_UP, step=attempt.step)
