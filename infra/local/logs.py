"""What the functions wrote to their logs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from infra.local.clients import Clients

_GROUPS = "/aws/lambda/waybill-local"


def lines(clients: Clients, *, step: str | None, follow: bool) -> Iterator[str]:
    """Lines of all functions, or of one step's, oldest first; with `follow` it never ends."""
    after = 0
    seen: set[str] = set()
    while True:
        found = sorted(_events(clients, step, after), key=lambda event: event[0])
        for moment, event_id, line in found:
            if event_id not in seen:
                seen.add(event_id)
                after = max(after, moment)
                yield line
        if not follow:
            return
        time.sleep(0.5)


def _events(clients: Clients, step: str | None, after: int) -> Iterator[tuple[int, str, str]]:
    logs = clients("logs")
    prefix = f"{_GROUPS}-{step}" if step else _GROUPS
    groups = logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    for group in groups:
        name = group["logGroupName"].removeprefix(f"{_GROUPS}-")
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"], startTime=after
        )
        for page in pages:
            for event in page["events"]:
                when = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%H:%M:%S")
                line = f"{when} {name:<9} {event['message'].rstrip()}"
                yield event["timestamp"], event.get("eventId", line), line
