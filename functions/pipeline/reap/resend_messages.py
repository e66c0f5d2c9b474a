"""Resends the lost messages that stalled jobs wait for."""

from uuid import UUID

from functions.pipeline.reap.deps import Deps
from waybill import telemetry
from waybill.database.reaper import Reaper, StalledJobs, UnplannedJob
from waybill.flow_control import next_chunks
from waybill.landing.object_versions import ObjectCreatedMessage, ObjectVersion
from waybill.landing.objects import ObjectRef
from waybill.messages import ChunkMessage, MergeMessage, ResolvePendingMessage
from waybill.queues import backlog, send

# A queue with a backlog explains why jobs have not moved: their messages are not lost.
_MAX_BACKLOG = 50


def resend_messages(deps: Deps) -> int:
    """Send each stalled job the message it needs. Returns the number of jobs.

    Raises:
        Retryable: the database or a queue.
    """
    reaper = Reaper(deps.connection)
    stalled = reaper.stalled_jobs(deps.settings.idle_minutes)
    jobs = [*_to_plan(deps, stalled), *_to_load(deps, stalled), *_to_merge(deps, stalled)]
    reaper.record_redrives(jobs)
    for job_id in jobs:
        telemetry.action("job.redriven", level="warning", job_id=str(job_id))
    return len(jobs)


def _to_plan(deps: Deps, stalled: StalledJobs) -> list[UUID]:
    queue = deps.settings.landed_queue_url
    if not stalled.landed or not _is_short(queue):
        return []
    send(queue, (_created_event(job) for job in stalled.landed))
    return [job.job_id for job in stalled.landed]


def _created_event(job: UnplannedJob) -> ObjectCreatedMessage:
    ref = ObjectRef(job.bucket, job.key, job.version_id, job.etag, job.size_bytes)
    return ObjectVersion(ref, job.landed_at).created_event()


def _to_load(deps: Deps, stalled: StalledJobs) -> list[UUID]:
    queue = deps.settings.chunks_queue_url
    if not stalled.chunks or not _is_short(queue):
        return []
    messages = (
        ChunkMessage(job_id=job.job_id, chunk=chunk)
        for job in stalled.chunks
        for chunk in next_chunks(job.chunks, deps.settings.chunks_at_once)
    )
    send(queue, messages)
    return [job.job_id for job in stalled.chunks]


def _to_merge(deps: Deps, stalled: StalledJobs) -> list[UUID]:
    queue = deps.settings.merges_queue_url
    jobs = [*stalled.merges, *stalled.adopts]
    if not jobs or not _is_short(queue):
        return []
    send(queue, (MergeMessage(job_id=job_id) for job_id in stalled.merges))
    send(queue, (ResolvePendingMessage(pending_job_id=job_id) for job_id in stalled.adopts))
    return jobs


def _is_short(queue_url: str) -> bool:
    return backlog(queue_url) < _MAX_BACKLOG
