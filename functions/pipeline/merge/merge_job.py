"""Merges a staged job: one call of the database, which outlives this function."""

from collections.abc import Sequence
from uuid import UUID

from functions.pipeline.merge.deps import Deps
from functions.pipeline.merge.unblocked import unblocked_jobs
from waybill import telemetry
from waybill.database.jobs import Jobs
from waybill.database.merges import MergeResult, Merges
from waybill.errors import Busy, NotFound, Rejected, Retryable
from waybill.flow_control import next_chunks
from waybill.messages import ChunkMessage, MergeMessage
from waybill.outbox.publish_job_finished import publish_job_finished
from waybill.queues import send
from waybill.runs import run

# Named in the log and with the run; a job may wait for thousands.
_SHOWN = 5


def merge_job(deps: Deps, job_id: UUID) -> UUID | None:
    """Merge the job unless it has ended; then publish its end and unblock the jobs that waited.

    Returns one that waited for its turn, if any did: to be merged now, or to be sent a message.
    The others have been sent theirs.

    Raises:
        Busy: an earlier job is open, or a lock is taken; try again later.
        NotFound: there is no such job.
        Retryable: something cannot be reached. If the commit succeeded unnoticed, the next call
            finds the job ended and only publishes.
    """
    try:
        with run(deps.connection, job_id, "merge"):
            # Inside the run, because a refresh keeps the markers of jobs with an open run.
            deps.state.markers.put(job_id)
            merges = Merges(deps.connection)
            result = merges.merge(job_id)
            if result.outcome == "waiting":
                for later in result.restamping:
                    _send_chunks(deps, later, merges.unstaged_chunks(later))
                ahead = len(result.waiting_for)
                raise Busy("job-waiting", _waiting(result.waiting_for), ahead=ahead)
    except Rejected as error:
        fail_job(deps, job_id, error)
        return None
    telemetry.action("job.merged", outcome=result.outcome, state=result.state)
    if result.outcome == "restage":
        _send_chunks(deps, job_id, result.chunks)
        return None
    return _publish(deps, job_id, result)


def _publish(deps: Deps, job_id: UUID, result: MergeResult) -> UUID | None:
    """Publish the end of the job, and unblock all but the one that is returned."""
    unblocked = unblocked_jobs(deps, job_id, result)
    following = unblocked.merge[:1]
    others = unblocked._replace(merge=unblocked.merge[1:])
    try:
        publish_job_finished(deps.notifier, job_id, others, changed=result.outcome == "merged")
    except Retryable:
        # The next call finds the job ended, and names nobody.
        send(deps.settings.merges_queue_url, (MergeMessage(job_id=each) for each in following))
        raise
    return following[0] if following else None


def _send_chunks(deps: Deps, job_id: UUID, chunks: Sequence[int]) -> None:
    first = next_chunks(chunks, deps.settings.chunks_at_once)
    messages = (ChunkMessage(job_id=job_id, chunk=chunk) for chunk in first)
    count = send(deps.settings.chunks_queue_url, messages)
    telemetry.action("chunks.restaged", job_id=str(job_id), chunks=count)


def _waiting(jobs: Sequence[UUID]) -> str:
    names = ", ".join(map(str, jobs[:_SHOWN])) or "its plan"
    more = f" and {len(jobs) - _SHOWN} more" if len(jobs) > _SHOWN else ""
    return f"The job waits for {names}{more}."


def fail_job(deps: Deps, job_id: UUID, reason: Rejected) -> None:
    """Fail the job; then publish its end and unblock the jobs that waited.

    Raises:
        NotFound: there is no such job.
        Retryable: something cannot be reached, or a lock is taken.
    """
    if reason.code == "unknown-job":
        raise NotFound(reason.code, reason.detail) from reason
    state = Jobs(deps.connection).fail(job_id, reason.problem())
    telemetry.action("job.failed", level="warning", code=reason.code, state=state)
    # After the commit: it names whom the end of the job has unblocked.
    result = Merges(deps.connection).merge(job_id)
    unblocked = unblocked_jobs(deps, job_id, result)
    publish_job_finished(deps.notifier, job_id, unblocked, changed=result.outcome == "merged")
