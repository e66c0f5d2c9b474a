"""What follows from a job's end: events, and the jobs that may go on."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import psycopg

from waybill.marks import put_mark
from waybill.messages import AdoptMessage, MergeMessage
from waybill.outbox.drain import drain
from waybill.queues import send

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


class Ways(NamedTuple):
    """How word is passed on: the outbox's connection, the clients, and where word goes."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    events: "EventBridgeClient"
    state_bucket: str
    event_bus_name: str
    merges_queue_url: str


class Followers(NamedTuple):
    """Jobs that may go on now."""

    wake: Iterable[UUID] = ()
    """They waited for the job."""
    adopt: Iterable[UUID] = ()
    """They hold pending records whose parents the job may have brought."""


def pass_on(ways: Ways, job_id: UUID, followers: Followers, *, changed: bool) -> None:
    """Publish the outbox and wake the followers; safe to repeat.

    Args:
        ways: how word is passed on.
        job_id: the job that has ended.
        followers: the jobs that may go on.
        changed: whether this very call of the job has changed tables.

    Raises:
        Retryable: something cannot be reached; the whole step is then repeated.
    """
    if changed:
        # The mark from before may have been taken away by a refresh that saw nothing yet.
        put_mark(ways.s3, ways.state_bucket, job_id)
    drain(ways.connection, ways.events, ways.event_bus_name)
    queue = ways.merges_queue_url
    send(queue, (MergeMessage(job_id=waiting) for waiting in followers.wake))
    send(queue, (AdoptMessage(adopt_job_id=pending) for pending in followers.adopt))
