"""Turns rows of the outbox into events, each at least once."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.database.outbox import Outbox, OutboxEvent
from waybill.database.repository import Connection
from waybill.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

SOURCE = "waybill"
# What one call of PutEvents takes.
_AT_ONCE = 10


def drain(connection: Connection, events: "EventBridgeClient", bus: str) -> int:
    """Publish what is unpublished, oldest first; the number of rows.

    An event whose row could not be marked is published again: receivers take it twice.

    Raises:
        Unavailable: the bus cannot be reached or refused some; those stay unpublished.
        Retryable: the database.
    """
    outbox = Outbox(connection)
    published = 0
    while rows := outbox.unpublished(_AT_ONCE):
        accepted = _put(events, bus, rows)
        outbox.mark_published(accepted)
        published += len(accepted)
        if len(accepted) < len(rows):
            raise Unavailable("bus-unavailable", "The event bus refused some events.")
    if published:
        telemetry.action("outbox.published", events=published)
    return published


def _put(events: "EventBridgeClient", bus: str, rows: list[OutboxEvent]) -> list[int]:
    entries: list[Entry] = [
        {
            "EventBusName": bus,
            "Source": SOURCE,
            "DetailType": row.kind,
            "Detail": json.dumps(row.payload),
        }
        for row in rows
    ]
    try:
        answers = events.put_events(Entries=entries)["Entries"]
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("bus-unavailable", "The event bus cannot be reached.") from error
    # One answer per entry, in their order.
    return [
        row.id for row, answer in zip(rows, answers, strict=True) if not answer.get("ErrorCode")
    ]
