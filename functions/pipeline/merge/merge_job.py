"""The verb: merge a staged job in one call that outlives this function."""

from uuid import UUID

from psycopg.types.json import Jsonb

from functions.pipeline.merge.deps import Answer, Restage, Step
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Busy, NotFound, Rejected
from waybill.flow_control import next_chunks
from waybill.messages import ChunkMessage
from waybill.outbox.publish_job_finished import publish_job_finished
from waybill.queues import send
from waybill.runs import run
from waybill.state.markers import put_marker


def merge_job(step: Step, job_id: UUID) -> None:
    """Merge the job, or find that it has ended; then tell who waits for it.

    Raises:
        Busy: something earlier has to end first, or a lock is taken: come back later.
        Rejected: there is no such job.
        Retryable: something cannot be reached. A commit may have gone unseen: the next call
            finds the job ended and does what is left.
    """
    try:
        with run(step.connection, job_id, "merge"):
            # Within the run, which keeps a refresh from taking the mark away again.
            put_marker(step.s3, step.settings.state_bucket, job_id)
            answer = _call(step, job_id)
            if answer.outcome == "waiting":
                _stage_again(step, answer.restamp)
                raise Busy("job-waiting", f"The job waits for {_awaited(answer)}.")
    except Rejected as error:
        answer = _fail(step, job_id, error)
    telemetry.action("job.merged", outcome=answer.outcome, state=answer.state)
    if answer.outcome == "restage":
        _stage_again(step, [Restage(job_id=job_id, chunks=list(answer.chunks))])
    else:
        publish_job_finished(
            step.ways, job_id, answer.unblocked, changed=answer.outcome == "merged"
        )


def _call(step: Step, job_id: UUID) -> Answer:
    with translating_db_errors():
        queries("merge").no_time_limit(step.connection)
        return Answer.model_validate(queries("merge").merge_job(step.connection, job_id=job_id))


def _awaited(answer: Answer) -> object:
    return (answer.model_extra or {}).get("for", "another job")


def _stage_again(step: Step, jobs: "tuple[Restage, ...] | list[Restage]") -> None:
    for job in jobs:
        first = next_chunks(job.chunks, step.settings.chunks_at_once)
        messages = (ChunkMessage(job_id=job.job_id, chunk=chunk) for chunk in first)
        count = send(step.settings.chunks_queue_url, messages)
        telemetry.action("chunks.restaged", job_id=str(job.job_id), chunks=count)


def _fail(step: Step, job_id: UUID, error: Rejected) -> Answer:
    if error.code == "unknown-job":
        raise NotFound(error.code, error.detail) from error
    with translating_db_errors():
        problem = Jsonb(error.problem())
        state = queries("merge").fail_job(step.connection, job_id=job_id, problem=problem)
    telemetry.action("job.refused", level="warning", code=error.code, state=state)
    return _call(step, job_id)
