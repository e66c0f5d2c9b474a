"""Ends the jobs of uploads that were requested and never arrived."""

from collections.abc import Sequence

from functions.pipeline.reap.deps import Deps
from waybill.database.reaper import OverdueUpload, Reaper
from waybill.landing.keys import PREFIX
from waybill.landing.object_versions import list_versions
from waybill.queues import send
from waybill.state.upload_deadlines import is_erasure, job_of_deadline


def expire_uploads(deps: Deps, passed: Sequence[str]) -> int:
    """Expire the overdue uploads whose file is not in the landing bucket. Returns their number.

    For a file that is there, its event is emitted again: after a long outage its own event may
    still be in the queue. The deadlines `passed` are deleted, except those of such files.

    Raises:
        Retryable: the database, S3 or the queue.
    """
    reaper = Reaper(deps.connection)
    overdue = reaper.overdue_uploads()
    arrived = {upload.job_id for upload in overdue if _emit_again(deps, upload)}
    missing = [upload.job_id for upload in overdue if upload.job_id not in arrived]
    expired = reaper.expire_uploads(missing)
    uploads = [key for key in passed if not is_erasure(key)]
    deps.state.deadlines.delete_keys(
        [key for key in uploads if job_of_deadline(key) not in arrived]
    )
    return expired


def _emit_again(deps: Deps, upload: OverdueUpload) -> bool:
    prefix = f"{PREFIX}{upload.dataset}/{upload.job_id}/"
    versions = list_versions(deps.s3, deps.settings.landing_bucket, prefix)
    sent = send(deps.settings.landed_queue_url, (found.created_event() for found in versions))
    return sent > 0
