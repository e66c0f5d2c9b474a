"""Loads a job's pending records whose parents have arrived."""

from uuid import UUID

from functions.pipeline.merge.deps import Deps
from waybill import telemetry
from waybill.database.merges import Merges
from waybill.errors import Busy
from waybill.outbox.publish_job_finished import UnblockedJobs, publish_job_finished
from waybill.runs import run


def resolve_pending(deps: Deps, job_id: UUID) -> None:
    """Load the records that can be; those whose parents are still missing stay pending.

    Raises:
        Busy: an earlier job is open, or a lock is taken; try again later.
        Rejected: there is no such job, or the database refuses its records.
        Retryable: something cannot be reached.
    """
    with run(deps.connection, job_id, "resolve"):
        # Inside the run, because a refresh keeps the markers of jobs with an open run.
        deps.state.markers.put(job_id)
        result = Merges(deps.connection).resolve_pending(job_id)
        if result.outcome == "waiting":
            raise Busy("job-waiting", "Pending records wait for another job.")
    telemetry.action("job.pending-resolved", outcome=result.outcome, state=result.state)
    unblocked = UnblockedJobs(result.unblocked, result.pending)
    publish_job_finished(deps.notifier, job_id, unblocked, changed=result.outcome == "merged")
