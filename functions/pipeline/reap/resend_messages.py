"""Resends the lost messages that stalled jobs wait for."""

from collections.abc import Iterator

from functions.pipeline.reap.deps import Deps
from waybill import telemetry
from waybill.database.reaper import Reaper, StalledJob
from waybill.flow_control import next_chunks
from waybill.landing.object_ref import ObjectRef
from waybill.landing.object_versions import ObjectVersion
from waybill.messages import (
    ChunkMessage,
    MergeMessage,
    Message,
    ResolvePendingMessage,
    RevertMessage,
)
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
    queues = {
        "landed": deps.settings.landed_queue_url,
        "chunks": deps.settings.chunks_queue_url,
        "merges": deps.settings.merges_queue_url,
        "pending": deps.settings.merges_queue_url,
        "reverts": deps.settings.merges_queue_url,
    }
    short = {url for url in {queues[job.queue] for job in stalled} if _is_short(url)}
    resent = [job for job in stalled if queues[job.queue] in short]
    for url in short:
        jobs = [job for job in resent if queues[job.queue] == url]
        send(url, (message for job in jobs for message in _messages(deps, job)))
    reaper.record_redrives([job.job_id for job in resent])
    for job in resent:
        telemetry.action("job.redriven", level="warning", job_id=str(job.job_id), to=job.queue)
    return len(resent)


def _messages(deps: Deps, job: StalledJob) -> Iterator[Message]:
    match job.queue:
        case "landed":
            ref = ObjectRef(
                job.bucket or "", job.key or "", job.version_id, job.etag or "", job.size_bytes or 0
            )
            if job.landed_at:
                yield ObjectVersion(ref, job.landed_at, job.sequencer).created_event()
        case "chunks":
            for chunk in next_chunks(job.chunks, deps.settings.chunks_at_once):
                yield ChunkMessage(job_id=job.job_id, chunk=chunk)
        case "merges":
            yield MergeMessage(job_id=job.job_id)
        case "pending":
            yield ResolvePendingMessage(pending_job_id=job.job_id)
        case "reverts":
            yield RevertMessage(reverted_job_id=job.job_id)


def _is_short(queue_url: str) -> bool:
    return backlog(queue_url) < _MAX_BACKLOG
