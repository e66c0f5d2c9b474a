"""The verb: end the jobs of uploads that were announced and never came."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from functions.pipeline.reap.deps import Step
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.landing.keys import PREFIX
from waybill.landing.object_versions import list_written
from waybill.queues import send
from waybill.state.markers import delete_markers
from waybill.state.upload_deadlines import job_of_due


class _Overdue(NamedTuple):
    job_id: UUID
    dataset: str


def expire_uploads(step: Step, due: Sequence[str]) -> int:
    """Expire what is overdue and not in the landing bucket; the number of jobs.

    A file that is there is told of instead: after a long outage its own event may still be in
    the queue, behind this look. `due` are the keys that asked for the look; those go that ask
    for nothing more.

    Raises:
        Retryable: the database, S3 or the queue.
    """
    with translating_db_errors():
        overdue = [_Overdue(*row) for row in queries("reap").overdue_uploads(step.connection)]
    here = {upload.job_id for upload in overdue if _announced(step, upload)}
    gone = [upload.job_id for upload in overdue if upload.job_id not in here]
    with translating_db_errors():
        expired: int = queries("reap").expire_uploads(step.connection, jobs=gone)
    settled = [key for key in due if job_of_due(key) not in here]
    delete_markers(step.s3, step.settings.state_bucket, settled)
    return expired


def _announced(step: Step, upload: _Overdue) -> bool:
    prefix = f"{PREFIX}{upload.dataset}/{upload.job_id}/"
    written = list_written(step.s3, step.settings.landing_bucket, prefix)
    return send(step.settings.landed_queue_url, (found.announcement() for found in written)) > 0
