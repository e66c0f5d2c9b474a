"""Turns rows of the outbox into events, each at least once."""

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

SOURCE = "waybill"
# What one call of PutEvents takes.
_AT_ONCE = 10


class _Row(NamedTuple):
    id: int
    kind: str
    payload: dict[str, Any]


def drain(
    connection: psycopg.Connection[tuple[Any, ...]], events: "EventBridgeClient", bus: str
) -> int:
    """Publish what is unpublished, oldest first; the number of rows.

    An event whose row could not be marked is published again: receivers take it twice.

    Raises:
        Unavailable: the bus cannot be reached or refused some; those stay unpublished.
        Retryable: the database.
    """
    published = 0
    while rows := _unpublished(connection):
        accepted = _put(events, bus, rows)
        with translating_db_errors():
            queries("outbox").mark_published(connection, ids=accepted)
        published += len(accepted)
        if len(accepted) < len(rows):
            raise Unavailable("bus-unavailable", "The event bus refused some events.")
    if published:
        telemetry.action("outbox.published", events=published)
    return published


def _unpublished(connection: psycopg.Connection[tuple[Any, ...]]) -> list[_Row]:
    with translating_db_errors():
        return [_Row(*row) for row in queries("outbox").unpublished(connection, max=_AT_ONCE)]


def _put(events: "EventBridgeClient", bus: str, rows: list[_Row]) -> list[int]:
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
