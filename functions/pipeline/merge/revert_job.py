"""Takes the load of a job back: one call of the database for each load, which outlives this."""

import time
from uuid import UUID

from functions.pipeline.merge.deps import Deps
from waybill import telemetry
from waybill.database.merges import MergeResult, Merges
from waybill.errors import Busy, NotFound, Rejected
from waybill.messages import RevertMessage
from waybill.outbox.publish_job_finished import UnblockedJobs, publish_job_finished
from waybill.queues import send
from waybill.runs import run

# An archive with many members goes on with another message, well before the function's timeout.
_SECONDS = 60.0


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
            result = _revert(deps, job_id)
            if result.outcome == "waiting":
                names = ", ".join(map(str, result.waiting_for))
                raise Busy("job-waiting", f"The revert waits for those of {names}.")
    except Rejected as error:
        refuse_revert(deps, job_id, error)
        return
    telemetry.action("job.reverted", outcome=result.outcome, state=result.state)
    _publish(deps, job_id, result)
    if result.outcome == "continue":
        send(deps.settings.merges_queue_url, [RevertMessage(reverted_job_id=job_id)])


def _revert(deps: Deps, job_id: UUID) -> MergeResult:
    """Revert the job; of an archive one member after the other, for as long as the time allows.

    What the members unblocked is in the result of the last.
    """
    deadline = time.monotonic() + _SECONDS
    unblocked: set[UUID] = set()
    pending: set[UUID] = set()
    while True:
        result = Merges(deps.connection).revert(job_id)
        unblocked.update(result.unblocked)
        pending.update(result.pending)
        if result.outcome != "continue" or time.monotonic() > deadline:
            return result._replace(unblocked=sorted(unblocked), pending=sorted(pending))


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
    unblocked = UnblockedJobs(result.unblocked, result.pending)
    changed = result.outcome in ("merged", "continue")
    publish_job_finished(deps.notifier, job_id, unblocked, changed=changed)
