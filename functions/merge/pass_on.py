"""What follows from a job's end: events, and the jobs that may go on."""

from uuid import UUID

from functions.merge.step import Answer, Step
from waybill.marks import put_mark
from waybill.messages import AdoptMessage, MergeMessage
from waybill.outbox.drain import drain
from waybill.queues import send


def pass_on(step: Step, job_id: UUID, answer: Answer) -> None:
    """Publish the outbox and wake the jobs of the answer; safe to repeat.

    Raises:
        Retryable: something cannot be reached; the whole step is then repeated.
    """
    if answer.outcome == "merged":
        # The mark from before may have been taken away by a refresh that saw nothing yet.
        put_mark(step.s3, step.settings.state_bucket, job_id)
    drain(step.connection, step.events, step.settings.event_bus_name)
    queue = step.settings.merges_queue_url
    send(queue, (MergeMessage(job_id=waiting) for waiting in answer.wake))
    send(queue, (AdoptMessage(adopt_job_id=pending) for pending in answer.adopt))
