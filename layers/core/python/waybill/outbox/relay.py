"""Publishes the rows of the outbox as events, each at least once."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.database.outbox import EVENTS_AT_ONCE, Outbox, OutboxEvent
from waybill.database.repository import Connection
from waybill.errors import Unavailable
from waybill.outbox.job_metrics import record_job_end
from waybill.tracing import trace_header

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

SOURCE = "waybill"


def relay(
    connection: Connection,
    events: "EventBridgeClient",
    bus: str,
    first: Sequence[OutboxEvent] | None = None,
) -> int:
    """Publish the unpublished rows, oldest first. Returns their number.

    `first` are the oldest, of which the caller has read up to `EVENTS_AT_ONCE` before its commit.

    An event whose row could not be marked is published again, so consumers must be idempotent.

    Raises:
        Unavailable: the bus cannot be reached, or refused events; those stay unpublished.
        Retryable: the database.
    """
    outbox = Outbox(connection)
    published = 0
    rows = outbox.unpublished(EVENTS_AT_ONCE) if first is None else first
    while rows:
        accepted = _put(events, bus, rows)
        outbox.mark_published(accepted)
        for row in rows:
            if row.id in accepted:
                record_job_end(row.payload)
        published += len(accepted)
        if len(accepted) < len(rows):
            raise Unavailable("bus-unavailable", "The event bus refused some events.")
        if len(rows) < EVENTS_AT_ONCE:
            break
        rows = outbox.unpublished(EVENTS_AT_ONCE)
    if published:
        telemetry.action("outbox.published", events=published)
    return published


def _put(events: "EventBridgeClient", bus: str, rows: Sequence[OutboxEvent]) -> list[int]:
    entries: list[Entry] = [
        {
            "EventBusName": bus,
            "Source": SOURCE,
            "DetailType": row.kind,
            "Detail": json.dumps(row.payload),
        }
        for row in rows
    ]
    header = trace_header()
    for entry in entries if header else ():
        entry["TraceHeader"] = str(header)
    try:
        results = events.put_events(Entries=entries)["Entries"]
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("bus-unavailable", "The event bus cannot be reached.") from error
    # One result per entry, in the same order.
    return [
        row.id for row, result in zip(rows, results, strict=True) if not result.get("ErrorCode")
    ]
