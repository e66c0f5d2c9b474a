"""Merges a job, and then those that waited for their turn, one after the other.

A turn that is given by a message waits in the queue behind the messages of all jobs that wait, and
begins with a new connection, whose first calls take most of the time of a small file.
"""

import time
from uuid import UUID

from functions.pipeline.merge.deps import Deps
from functions.pipeline.merge.merge_job import merge_job
from waybill import telemetry
from waybill.database.errors import classify_exception
from waybill.messages import MergeMessage
from waybill.queues import send

# A later one is sent a message: it shall have nearly all of a function's time, and the jobs of
# other datasets their turns.
_SECONDS = 10.0


def take_turns(deps: Deps, job_id: UUID) -> None:
    """Merge the job, and those that its end and theirs give their turn.

    Raises:
        WaybillError: as `merge_job`, of the first job only.
            Each of the others has a message of its own.
    """
    began = time.monotonic()
    following = merge_job(deps, job_id)
    while following and time.monotonic() - began < _SECONDS:
        following = _merge_next(deps, following)
    if following:
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=following)])


def _merge_next(deps: Deps, job_id: UUID) -> UUID | None:
    with telemetry.about(job_id):
        try:
            return merge_job(deps, job_id)
        except Exception as error:  # it must not count as a failure of the first job
            reason = classify_exception(error)
            telemetry.action(
                "turn.missed", level="warning", code=reason.code, detail=reason.detail, error=error
            )
    # One that waits has its turn when an earlier file, which came meanwhile, ends.
    if reason.code != "job-waiting":
        # Its own message may be away for minutes; what fails again is counted there.
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=job_id)])
    return None
