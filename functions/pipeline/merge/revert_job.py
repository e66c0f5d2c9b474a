"""Takes the load of a job back: one call of the database, which outlives this."""

from uuid import UUID

from functions.pipeline.merge.deps import Deps
from functions.pipeline.merge.unblocked import unblocked_jobs
from waybill import telemetry
from waybill.database.merges import MergeResult, Merges
from waybill.errors import Busy, NotFound, Rejected
from waybill.outbox.publish_job_finished import publish_job_finished
from waybill.runs import run


def revert_job(deps: Deps, job_id: UUID) -> None:
    """Revert the job as requested; then publish it and unblock the jobs that waited.

    Raises:
        Busy: an earlier request for the dataset is open, or a lock is taken; try again later.
        NotFound: there is no such job.
        Retryable: something cannot be reached. If the commit succeeded unnoticed, the next call
            finds the job reverted and only publishes.
    """
    try:
        with run(deps.connection, job_id, "revert"):
            # Inside the run, because a refresh keeps the markers of jobs with an open run.
            deps.state.markers.put(job_id)
            result = Merges(deps.connection).revert(job_id)
            if result.outcome == "waiting":
                names = ", ".join(map(str, result.waiting_for))
                raise Busy("job-waiting", f"The revert waits for those of {names}.")
    except Rejected as error:
        refuse_revert(deps, job_id, error)
        return
    telemetry.action("job.reverted", outcome=result.outcome, state=result.state)
    _publish(deps, job_id, result)


def refuse_revert(deps: Deps, job_id: UUID, reason: Rejected) -> None:
    """Keep the load and store the reason; then unblock the jobs that waited.

    Raises:
        NotFound: there is no such job.
        Retryable: something cannot be reached, or a lock is taken.
    """
    if reason.code == "unknown-job":
        raise NotFound(reason.code, reason.detail) from reason
    result = Merges(deps.connection).refuse_revert(job_id, reason.problem())
    telemetry.action("job.revert-refused", level="warning", code=reason.code)
    _publish(deps, job_id, result)


def _publish(deps: Deps, job_id: UUID, result: MergeResult) -> None:
    unblocked = unblocked_jobs(deps, job_id, result)
    publish_job_finished(deps.notifier, job_id, unblocked, changed=result.outcome == "merged")
