"""Loads a job's pending records whose parents have arrived."""

from uuid import UUID

from functions.pipeline.merge.deps import Deps
from functions.pipeline.merge.unblocked import unblocked_jobs
from waybill import telemetry
from waybill.database.merges import MergeResult, Merges
from waybill.errors import Busy, Rejected
from waybill.outbox.publish_job_finished import publish_job_finished
from waybill.runs import run


def resolve_pending(deps: Deps, job_id: UUID) -> None:
    """Load the records that can be; those whose parents are still missing stay pending.

    Raises:
        Busy: an earlier job is open, or a lock is taken; try again later.
        Retryable: something cannot be reached.
    """
    try:
        with run(deps.connection, job_id, "resolve"):
            # Inside the run, because a refresh keeps the markers of jobs with an open run.
            deps.state.markers.put(job_id)
            result = Merges(deps.connection).resolve_pending(job_id)
            if result.outcome == "waiting":
                raise Busy("job-waiting", "Pending records wait for another job.")
    except Rejected as error:
        reject_pending(deps, job_id, error)
        return
    telemetry.action("job.pending-resolved", outcome=result.outcome, state=result.state)
    _publish(deps, job_id, result)


def reject_pending(deps: Deps, job_id: UUID, reason: Rejected) -> None:
    """Reject the job's pending records: they would fail again whenever a parent arrives.

    Raises:
        Busy: they are being resolved.
        Retryable: something cannot be reached.
    """
    result = Merges(deps.connection).reject_pending(job_id, reason.detail)
    telemetry.action("job.pending-rejected", level="warning", code=reason.code, state=result.state)
    _publish(deps, job_id, result)


def _publish(deps: Deps, job_id: UUID, result: MergeResult) -> None:
    unblocked = unblocked_jobs(deps, job_id, result)
    publish_job_finished(deps.notifier, job_id, unblocked, changed=result.outcome == "merged")
