"""Merges a staged job: one call of the database, which outlives this function."""

from collections.abc import Sequence
from uuid import UUID

from functions.pipeline.merge.deps import Deps
from waybill import telemetry
from waybill.database.jobs import Jobs
from waybill.database.merges import MergeResult, Merges
from waybill.errors import Busy, NotFound, Rejected
from waybill.flow_control import next_chunks
from waybill.messages import ChunkMessage
from waybill.outbox.publish_job_finished import UnblockedJobs, publish_job_finished
from waybill.queues import send
from waybill.runs import run


def merge_job(deps: Deps, job_id: UUID) -> None:
    """Merge the job unless it has ended; then publish its end and unblock the jobs that waited.

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
                raise Busy("job-waiting", _waiting(result.waiting_for))
    except Rejected as error:
        fail_job(deps, job_id, error)
        return
    telemetry.action("job.merged", outcome=result.outcome, state=result.state)
    if result.outcome == "restage":
        _send_chunks(deps, job_id, result.chunks)
    else:
        _publish(deps, job_id, result)


def _send_chunks(deps: Deps, job_id: UUID, chunks: Sequence[int]) -> None:
    first = next_chunks(chunks, deps.settings.chunks_at_once)
    messages = (ChunkMessage(job_id=job_id, chunk=chunk) for chunk in first)
    count = send(deps.settings.chunks_queue_url, messages)
    telemetry.action("chunks.restaged", job_id=str(job_id), chunks=count)


def _waiting(jobs: Sequence[UUID]) -> str:
    names = ", ".join(map(str, jobs))
    return f"The job waits for {names or 'its plan'}."


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
    _publish(deps, job_id, Merges(deps.connection).merge(job_id))


def _publish(deps: Deps, job_id: UUID, result: MergeResult) -> None:
    changed = result.outcome == "merged"
    later = Merges(deps.connection).unblocked_since(job_id) if changed else ()
    unblocked = UnblockedJobs(sorted({*result.unblocked, *later}), result.pending)
    publish_job_finished(deps.notifier, job_id, unblocked, changed=changed)
