"""The verb: send the messages again that jobs wait for and that are nowhere."""

from uuid import UUID

from functions.pipeline.reap.deps import Stalled, Step
from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.flow_control import next_chunks
from waybill.messages import ChunkMessage, MergeMessage, ResolvePendingMessage
from waybill.queues import backlog, send

# What stands in a line is not lost: a queue that has one is not given more.
_LINE = 50


def resend_messages(step: Step) -> int:
    """Send what each job needs that nothing touched for a while; the number of jobs.

    Raises:
        Retryable: the database or a queue.
    """
    settings = step.settings
    with translating_db_errors():
        found = queries("reap").stalled(step.connection, minutes=settings.idle_minutes)
    stalled = Stalled.model_validate(found)
    jobs: list[UUID] = []
    if stalled.landed and _short(settings.landed_queue_url):
        send(settings.landed_queue_url, (job.written.announcement() for job in stalled.landed))
        jobs += [job.job_id for job in stalled.landed]
    if stalled.chunks and _short(settings.chunks_queue_url):
        send(
            settings.chunks_queue_url,
            (
                ChunkMessage(job_id=job.job_id, chunk=chunk)
                for job in stalled.chunks
                for chunk in next_chunks(job.chunks, settings.chunks_at_once)
            ),
        )
        jobs += [job.job_id for job in stalled.chunks]
    if stalled.merges or stalled.adopts:
        jobs += _to_merge(step, stalled)
    with translating_db_errors():
        queries("reap").note_redrives(step.connection, jobs=jobs)
    for job_id in jobs:
        telemetry.action("job.redriven", level="warning", job_id=str(job_id))
    return len(jobs)


def give_up(step: Step) -> int:
    """End the jobs that were sent again for a day and do not move; the number of jobs.

    Raises:
        Retryable: the database or a queue.
    """
    with translating_db_errors():
        jobs = [job_id for (job_id,) in queries("reap").give_up(step.connection)]
    # Jobs may wait for these, and their end is to be told.
    send(step.settings.merges_queue_url, (MergeMessage(job_id=job_id) for job_id in jobs))
    for job_id in jobs:
        telemetry.action("job.given-up", level="error", job_id=str(job_id))
    return len(jobs)


def _to_merge(step: Step, stalled: Stalled) -> list[UUID]:
    queue = step.settings.merges_queue_url
    if not _short(queue):
        return []
    send(queue, (MergeMessage(job_id=job_id) for job_id in stalled.merges))
    send(queue, (ResolvePendingMessage(adopt_job_id=job_id) for job_id in stalled.adopts))
    return [*stalled.merges, *stalled.adopts]


def _short(queue_url: str) -> bool:
    return backlog(queue_url) < _LINE
