"""After a job has ended: publish its events and send messages to the jobs that it unblocks."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import psycopg

from waybill.database.outbox import OutboxEvent
from waybill.messages import MergeMessage, ResolvePendingMessage
from waybill.outbox.relay import relay
from waybill.queues import send
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class JobNotifier(NamedTuple):
    """The dependencies of publishing: database, state bucket, event bus and queue."""

    connection: psycopg.Connection[tuple[Any, ...]]
    state: StateBucket
    events: "EventBridgeClient"
    event_bus_name: str
    merges_queue_url: str


class UnblockedJobs(NamedTuple):
    """Jobs that can continue now."""

    merge: Sequence[UUID] = ()
    """They waited for the job before they could merge."""
    resolve: Sequence[UUID] = ()
    """They hold pending records whose parents the job may have loaded."""


def publish_job_finished(
    notifier: JobNotifier,
    job_id: UUID,
    unblocked: UnblockedJobs,
    *,
    changed: bool,
    first: Sequence[OutboxEvent] | None = None,
) -> None:
    """Send messages to the unblocked jobs and publish the outbox; safe to repeat.

    Args:
        notifier: the connection and clients to use.
        job_id: the job that has ended.
        unblocked: the jobs that can continue.
        changed: whether this call changed tables.
        first: the oldest events, if the caller has read them (see `relay`).

    Raises:
        Retryable: something cannot be reached; the caller's whole step is then repeated.
    """
    if changed:
        # A refresh that ran before the commit may have deleted the marker put before the merge.
        notifier.state.markers.put(job_id)
    # First the jobs that wait: they take their turn while the events are published.
    queue = notifier.merges_queue_url
    send(queue, (MergeMessage(job_id=waiting) for waiting in unblocked.merge))
    send(queue, (ResolvePendingMessage(pending_job_id=pending) for pending in unblocked.resolve))
    relay(notifier.connection, notifier.events, notifier.event_bus_name, first)
