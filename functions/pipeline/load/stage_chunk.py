"""Stages one chunk of a job exactly once and requests the merge after the last chunk."""

from functions.pipeline.load.copy_chunk import copy_chunk
from functions.pipeline.load.deps import Deps
from waybill import telemetry
from waybill.database.chunks import ChunkId, Chunks, Claim
from waybill.database.jobs import Jobs
from waybill.database.repository import transaction
from waybill.errors import NotFound, Rejected
from waybill.messages import ChunkMessage, MergeMessage
from waybill.queues import send
from waybill.runs import run

# The job ended while the chunk was staged: nothing was committed, and nothing needs to fail.
_JOB_ENDED = ("job-ended",)


def stage_chunk(deps: Deps, chunk: ChunkId) -> None:
    """Stage the chunk unless it is staged already; an invalid object fails the job.

    Raises:
        Busy: another loader has locked the chunk.
        NotFound: there is no such chunk.
        Retryable: a dependency is unavailable or stalled. If the commit succeeded unnoticed, the
            next call finds the chunk done.
    """
    try:
        with run(deps.connection, chunk.job_id, "load", chunk.chunk):
            status = _stage(deps, chunk)
    except Rejected as error:
        fail_job(deps, chunk, error)
        return
    if status == "ended":
        telemetry.action("chunk.ignored", chunk=chunk.chunk)
        return
    left = Chunks(deps.connection).count_left(chunk.job_id)
    telemetry.action("chunk.finished", chunk=chunk.chunk, status=status, left=left)
    if left == 0:
        _request_merge(deps, chunk)
    else:
        _send_next_chunk(deps, chunk)


def _stage(deps: Deps, chunk: ChunkId) -> str:
    """Stage and mark the chunk in one transaction; return the status it had before."""
    chunks = Chunks(deps.connection)
    with transaction(deps.connection):
        claim = chunks.claim(chunk)
        if not isinstance(claim, Claim):
            return claim
        counts = copy_chunk(deps, chunk, claim)
        chunks.finish(chunk, counts)
        # Without the values and names of the file.
        logged = {**counts._asdict(), "drift": len(counts.drift or ())}
        del logged["columns"]
        telemetry.action("chunk.staged", chunk=chunk.chunk, **logged)
    return "todo"


def _send_next_chunk(deps: Deps, chunk: ChunkId) -> None:
    """Send the next chunk that flow control allows, after the commit of this one."""
    following = Chunks(deps.connection).following(chunk, deps.settings.chunks_at_once)
    if following is not None:
        message = ChunkMessage(job_id=chunk.job_id, chunk=following)
        send(deps.settings.chunks_queue_url, [message])


def fail_job(deps: Deps, chunk: ChunkId, error: Rejected) -> None:
    """Fail the chunk's job, unless it ended before.

    Raises:
        NotFound: there is no such chunk.
        Retryable: a dependency is unavailable, or a lock is taken.
    """
    if error.code == "unknown-job":
        raise NotFound(error.code, error.detail) from error
    if error.code in _JOB_ENDED:
        telemetry.action("chunk.ignored", chunk=chunk.chunk, reason=error.code)
        return
    state = Jobs(deps.connection).fail(chunk.job_id, error.problem())
    telemetry.action("job.failed", level="warning", code=error.code, state=state)
    # Trigger a merge so that the failure is published and waiting jobs continue.
    _request_merge(deps, chunk)


def _request_merge(deps: Deps, chunk: ChunkId) -> None:
    send(deps.settings.merges_queue_url, [MergeMessage(job_id=chunk.job_id)])
