"""Reads the functions' logs from the emulator."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from infra.functions import FUNCTIONS
from infra.local.clients import Clients

_GROUPS = "/aws/lambda/waybill-local"


def read_lines(
    clients: Clients, *, function: str | None, follow: bool, since: datetime | None = None
) -> Iterator[str]:
    """Log lines of one function or all since then, oldest first; endless with `follow`."""
    after = int(since.timestamp() * 1000) if since else 0
    seen: set[str] = set()
    while True:
        events = sorted(_events(clients, function, after), key=lambda event: event[0])
        for moment, event_id, line in events:
            if event_id not in seen:
                seen.add(event_id)
                after = max(after, moment)
                yield line
        if not follow:
            return
        time.sleep(0.5)


def _events(clients: Clients, function: str | None, after: int) -> Iterator[tuple[int, str, str]]:
    logs = clients("logs")
    groups = logs.describe_log_groups(logGroupNamePrefix=_GROUPS)["logGroups"]
    for group in groups:
        name = group["logGroupName"].removeprefix(f"{_GROUPS}-")
        if function and not _is_one_of(name, function):
            continue
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"], startTime=after
        )
        for page in pages:
            for event in page["events"]:
                when = datetime.fromtimestamp(event["timestamp"] / 1000, UTC).strftime("%H:%M:%S")
                line = f"{when} {name:<9} {event['message'].rstrip()}"
                yield event["timestamp"], event.get("eventId", line), line


def _is_one_of(name: str, selected: str) -> bool:
    """Whether it is the selected function, or one in the folder of that name."""
    spec = FUNCTIONS.get(name)
    return name == selected or bool(spec and spec.package.startswith(f"{selected}."))
