"""Stages one chunk of a job exactly once and requests the merge after the last chunk."""

from psycopg.types.json import Jsonb

from functions.pipeline.load.copy_chunk import copy_chunk
from functions.pipeline.load.deps import ChunkId, Claim, ClaimStatus, Deps
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
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
        _fail_job(deps, chunk, error)
        return
    if status == "ended":
        telemetry.action("chunk.ignored", chunk=chunk.chunk)
        return
    with translating_db_errors():
        left = queries("load").chunks_left(deps.connection, job_id=chunk.job_id)
    telemetry.action("chunk.finished", chunk=chunk.chunk, status=status, left=left)
    if left == 0:
        _request_merge(deps, chunk)
    else:
        _send_next_chunk(deps, chunk)


def _stage(deps: Deps, chunk: ChunkId) -> str:
    """Stage and mark the chunk in one transaction; return the status it had before."""
    load = queries("load")
    with translating_db_errors(), deps.connection.transaction():
        claimed = load.claim_chunk(deps.connection, **chunk._asdict())
        status = ClaimStatus.model_validate(claimed).status
        if status == "todo":
            copied = copy_chunk(deps, chunk, Claim.model_validate(claimed))
            load.finish_chunk(deps.connection, **chunk._asdict(), **copied._asdict())
            telemetry.action("chunk.staged", chunk=chunk.chunk, **copied._asdict())
    return status


def _send_next_chunk(deps: Deps, chunk: ChunkId) -> None:
    """Send the next chunk that flow control allows, after the commit of this one."""
    following = chunk._replace(chunk=chunk.chunk + deps.settings.chunks_at_once)
    with translating_db_errors():
        state = queries("load").chunk_state(deps.connection, **following._asdict())
    if state == "todo":
        send(deps.settings.chunks_queue_url, [ChunkMessage(**following._asdict())])


def _fail_job(deps: Deps, chunk: ChunkId, error: Rejected) -> None:
    if error.code == "unknown-job":
        raise NotFound(error.code, error.detail) from error
    if error.code in _JOB_ENDED:
        telemetry.action("chunk.ignored", chunk=chunk.chunk, reason=error.code)
        return
    with translating_db_errors():
        problem = Jsonb(error.problem())
        state = queries("load").fail_job(deps.connection, job_id=chunk.job_id, problem=problem)
    telemetry.action("job.failed", level="warning", code=error.code, state=state)
    # Trigger a merge so that the failure is published and waiting jobs continue.
    _request_merge(deps, chunk)


def _request_merge(deps: Deps, chunk: ChunkId) -> None:
    send(deps.settings.merges_queue_url, [MergeMessage(job_id=chunk.job_id)])
