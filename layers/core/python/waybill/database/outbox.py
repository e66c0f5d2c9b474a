"""The outbox: events to publish after a commit."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from waybill.database.repository import Repository

EVENTS_AT_ONCE = 10
"""The limit of one PutEvents call."""


class OutboxEvent(NamedTuple):
    """An event to publish."""

    id: int
    kind: str
    payload: dict[str, Any]


class Outbox(Repository):
    """Events, each written in the commit that it reports."""

    def unpublished(self, limit: int) -> list[OutboxEvent]:
        """The oldest events that are not published."""
        return self._rows(OutboxEvent, "unpublished", p_limit=limit)

    def mark_published(self, ids: Sequence[int]) -> None:
        """Mark events as published, after the bus accepted them."""
        self._do("mark_published", p_ids=list(ids))
