"""What follows from a job's end: events, and the jobs that may go on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import psycopg

from waybill.messages import MergeMessage, ResolvePendingMessage
from waybill.outbox.relay import drain
from waybill.queues import send
from waybill.state.markers import put_marker

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


class JobNotifier(NamedTuple):
    """How word is passed on: the outbox's connection, the clients, and where word goes."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    events: "EventBridgeClient"
    state_bucket: str
    event_bus_name: str
    merges_queue_url: str


class UnblockedJobs(NamedTuple):
    """Jobs that may go on now."""

    wake: Iterable[UUID] = ()
    """They waited for the job."""
    adopt: Iterable[UUID] = ()
    """They hold pending records whose parents the job may have brought."""


def publish_job_finished(
    ways: JobNotifier, job_id: UUID, unblocked: UnblockedJobs, *, changed: bool
) -> None:
    """Publish the outbox and wake the unblocked; safe to repeat.

    Args:
        ways: how word is passed on.
        job_id: the job that has ended.
        unblocked: the jobs that may go on.
        changed: whether this very call of the job has changed tables.

    Raises:
        Retryable: something cannot be reached; the whole step is then repeated.
    """
    if changed:
        # The mark from before may have been taken away by a refresh that saw nothing yet.
        put_marker(ways.s3, ways.state_bucket, job_id)
    drain(ways.connection, ways.events, ways.event_bus_name)
    queue = ways.merges_queue_url
    send(queue, (MergeMessage(job_id=waiting) for waiting in unblocked.wake))
    send(queue, (ResolvePendingMessage(adopt_job_id=pending) for pending in unblocked.adopt))
