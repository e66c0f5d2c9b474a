"""Ends the jobs whose messages were resent for a day without progress."""

from functions.pipeline.reap.deps import Deps
from waybill import telemetry
from waybill.database.reaper import Reaper
from waybill.messages import MergeMessage
from waybill.metrics.catalogue import JOBS_GIVEN_UP
from waybill.metrics.record import count
from waybill.queues import send


def give_up(deps: Deps) -> int:
    """Fail the jobs that make no progress. Returns their number.

    Raises:
        Retryable: the database or a queue.
    """
    jobs = Reaper(deps.connection).give_up()
    # Trigger a merge so that the failure is published and waiting jobs continue.
    send(deps.settings.merges_queue_url, (MergeMessage(job_id=job_id) for job_id in jobs))
    for job_id in jobs:
        telemetry.action("job.given-up", level="error", job_id=str(job_id))
        count(JOBS_GIVEN_UP, step="reap")
    return len(jobs)
