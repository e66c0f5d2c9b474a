"""Cancel a job: it writes no rows, a file that comes later is ignored, reading ends."""

from uuid import UUID

from functions.api.jobs.deps import Deps, unknown_job
from waybill import telemetry
from waybill.callers import Caller
from waybill.database.jobs import Jobs
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import Busy, Conflict, Rejected, Retryable
from waybill.messages import MergeMessage
from waybill.queues import send
from waybill.states import JobState


def cancel_job(deps: Deps, job_id: UUID, caller: Caller) -> None:
    """Cancel the job for `caller`.

    Raises:
        NotFound: `unknown-job`.
        Conflict: `job-ended`.
        Busy: its merge is committing; try again to learn the outcome.
        Unavailable: the database or S3 cannot be reached; safe to repeat.
    """
    ticket = deps.ticket(job_id)
    before = deps.database.run(lambda connection: Jobs(connection).state_of(job_id))
    if before is JobState.EXTRACTING:
        # First: if the ledger cannot be reached after it, the run ends as cancelled by itself.
        _cancel_extraction(deps, job_id)

    has_landed = True

    def cancel(connection: Connection) -> JobState | None:
        nonlocal has_landed
        jobs = Jobs(connection)
        state = jobs.state_of(job_id)
        if state is None and ticket is None:
            raise unknown_job(job_id)
        if state is not None and (state.is_final or state is JobState.REVERTING):
            # The run may have ended by itself since.
            has_cancelled = before is JobState.EXTRACTING and state is JobState.CANCELLED
            return None if has_cancelled else state
        has_landed = state not in (None, JobState.AWAITING_UPLOAD, JobState.EXTRACTING)
        document = ticket.model_dump(mode="json") if ticket else None
        Session(connection).act_as(caller)
        state = jobs.cancel(job_id, document)
        return None if state is JobState.CANCELLED else state

    final_state = deps.database.run(cancel)
    if final_state is not None:
        raise Conflict("job-ended", f"The job has already ended: {final_state}.")
    if has_landed:
        _unblock(deps, job_id)


def _unblock(deps: Deps, job_id: UUID) -> None:
    """Let the function `merge` publish the end, and look who waited for the job."""
    try:
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=job_id)])
    except Retryable as error:
        # It is cancelled: its end is published by schedule, and who waits tries again.
        telemetry.action("job.cancelled-unannounced", level="warning", code=error.code)


def _cancel_extraction(deps: Deps, job_id: UUID) -> None:
    try:
        deps.state.extractions.cancel(job_id)
    except Rejected as error:
        raise Busy("database-busy", "The run is changed at the moment; try again.") from error
