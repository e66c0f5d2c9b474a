"""Merges a staged job: one call of the database, which outlives this function."""

from collections.abc import Iterable
from uuid import UUID

from functions.pipeline.merge.deps import Deps
from waybill import telemetry
from waybill.database.jobs import Jobs
from waybill.database.merges import ChunksToStage, MergeResult, Merges
from waybill.errors import Busy, NotFound, Rejected
from waybill.flow_control import next_chunks
from waybill.messages import ChunkMessage
from waybill.outbox.publish_job_finished import UnblockedJobs, publish_job_finished
from waybill.queues import send
from waybill.runs import run


def merge_job(deps: Deps, job_id: UUID) -> None:
    """Merge the job unless it has ended; then publish its end and wake the jobs that waited.

    Raises:
        Busy: an earlier job is open, or a lock is taken; try again later.
        NotFound: there is no such job.
        Retryable: something cannot be reached. If the commit went unseen, the next call finds
            the job ended and only publishes.
    """
    try:
        with run(deps.connection, job_id, "merge"):
            # Inside the run, because a refresh keeps the markers of jobs with an open run.
            deps.state.markers.put(job_id)
            result = Merges(deps.connection).merge(job_id)
            if result.outcome == "waiting":
                _reload_chunks(deps, result.reload)
                raise Busy("job-waiting", f"The job waits for {result.waiting_for}.")
    except Rejected as error:
        fail_job(deps, job_id, error)
        return
    telemetry.action("job.merged", outcome=result.outcome, state=result.state)
    if result.outcome == "restage":
        _reload_chunks(deps, [ChunksToStage(job_id=job_id, chunks=result.chunks)])
    else:
        _publish(deps, job_id, result)


def _reload_chunks(deps: Deps, jobs: Iterable[ChunksToStage]) -> None:
    for job in jobs:
        first = next_chunks(job.chunks, deps.settings.chunks_at_once)
        messages = (ChunkMessage(job_id=job.job_id, chunk=chunk) for chunk in first)
        count = send(deps.settings.chunks_queue_url, messages)
        telemetry.action("chunks.reloaded", job_id=str(job.job_id), chunks=count)


def fail_job(deps: Deps, job_id: UUID, reason: Rejected) -> None:
    """Fail the job; then publish its end and wake the jobs that waited.

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
    unblocked = UnblockedJobs(result.unblocked, result.pending)
    changed = result.outcome == "merged"
    publish_job_finished(deps.notifier, job_id, unblocked, changed=changed)
