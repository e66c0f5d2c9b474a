"""The verb: stage one chunk of a job, once, and ask for the merge when it was the last."""

from psycopg.types.json import Jsonb

from functions.pipeline.load.copy_chunk import copy_chunk
from functions.pipeline.load.deps import Answer, ChunkId, Claim, Step
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import NotFound, Rejected
from waybill.messages import ChunkMessage, MergeMessage
from waybill.queues import send
from waybill.runs import run

# The job's end came first: there is nothing to fail, and nothing was staged.
_OVER = ("job-ended",)


def stage_chunk(step: Step, chunk: ChunkId) -> None:
    """Stage the chunk, unless that is done; what is wrong with its object fails the job.

    Raises:
        Busy: another loader has the chunk: come back later.
        NotFound: there is no such chunk.
        Retryable: something cannot be reached, or stalls. A commit may have gone unseen: the
            next call finds the chunk done.
    """
    try:
        with run(step.connection, chunk.job_id, "load", chunk.chunk):
            status = _stage(step, chunk)
    except Rejected as error:
        _refuse(step, chunk, error)
        return
    if status == "ended":
        telemetry.action("chunk.ignored", chunk=chunk.chunk)
        return
    with translating_db_errors():
        left = queries("load").chunks_left(step.connection, job_id=chunk.job_id)
    telemetry.action("chunk.passed", chunk=chunk.chunk, status=status, left=left)
    if left == 0:
        _ask_for_merge(step, chunk)
    else:
        _send_next(step, chunk)


def _stage(step: Step, chunk: ChunkId) -> str:
    """Stage it and say so in one transaction; the status that it was found in."""
    load = queries("load")
    with translating_db_errors(), step.connection.transaction():
        found = load.claim_chunk(step.connection, **chunk._asdict())
        status = Answer.model_validate(found).status
        if status == "todo":
            copied = copy_chunk(step, chunk, Claim.model_validate(found))
            load.finish_chunk(step.connection, **chunk._asdict(), **copied._asdict())
            telemetry.action("chunk.staged", chunk=chunk.chunk, **copied._asdict())
    return status


def _send_next(step: Step, chunk: ChunkId) -> None:
    """Send the chunk whose turn has come; asked after the commit of this one."""
    following = chunk._replace(chunk=chunk.chunk + step.settings.chunks_at_once)
    with translating_db_errors():
        state = queries("load").chunk_state(step.connection, **following._asdict())
    if state == "todo":
        send(step.settings.chunks_queue_url, [ChunkMessage(**following._asdict())])


def _refuse(step: Step, chunk: ChunkId, error: Rejected) -> None:
    if error.code == "unknown-job":
        raise NotFound(error.code, error.detail) from error
    if error.code in _OVER:
        telemetry.action("chunk.ignored", chunk=chunk.chunk, why=error.code)
        return
    with translating_db_errors():
        problem = Jsonb(error.problem())
        state = queries("load").fail_job(step.connection, job_id=chunk.job_id, problem=problem)
    telemetry.action("job.refused", level="warning", code=error.code, state=state)
    # Jobs may wait for this one, and its end is to be told.
    _ask_for_merge(step, chunk)


def _ask_for_merge(step: Step, chunk: ChunkId) -> None:
    send(step.settings.merges_queue_url, [MergeMessage(job_id=chunk.job_id)])
