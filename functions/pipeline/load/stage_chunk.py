"""Stages one chunk of a job exactly once and requests the merge after the last chunk."""

from collections.abc import Sequence

from functions.pipeline.load.copy_chunk import copy_chunk
from functions.pipeline.load.deps import Deps
from functions.pipeline.load.survey_chunk import survey_chunk
from waybill import telemetry
from waybill.database.chunks import ChunkId, Chunks
from waybill.database.claims import Claim, RangeClaim
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
    if status in ("ended", "waiting"):
        telemetry.action("chunk.ignored", chunk=chunk.chunk, status=status)
        return
    left = Chunks(deps.connection).count_left(chunk.job_id)
    telemetry.action("chunk.finished", chunk=chunk.chunk, status=status, left=left)
    if left == 0:
        _request_merge(deps, chunk)
    else:
        _send_next_chunk(deps, chunk)


def _stage(deps: Deps, chunk: ChunkId) -> str:
    """Stage the chunk, after a survey if it is a range; return the status it had before."""
    status = _stage_settled(deps, chunk)
    while isinstance(status, RangeClaim):
        if survey_chunk(deps, chunk, status) == "waiting":
            return "waiting"
        status = _stage_settled(deps, chunk)
    return status


def _stage_settled(deps: Deps, chunk: ChunkId) -> str | RangeClaim:
    """Stage and mark the chunk in one transaction; the status it had before, or its range."""
    chunks = Chunks(deps.connection)
    with transaction(deps.connection):
        claim = chunks.claim(chunk)
        if not isinstance(claim, Claim):
            return claim
        # Before the chunk is staged, so that a kill leaves this message, too.
        _send(deps, chunk, claim.unblocked or ())
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
    _send(deps, chunk, [] if following is None else [following])


def _send(deps: Deps, chunk: ChunkId, others: Sequence[int]) -> None:
    """Send other chunks of the same job."""
    messages = [ChunkMessage(job_id=chunk.job_id, chunk=other) for other in others]
    send(deps.settings.chunks_queue_url, messages)


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
