"""Notifications: the receivers, and the events that become digests."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.notifications.receivers import Receiver


class MissingReceiver(NamedTuple):
    """A receiver that something names and no file declares."""

    receiver: str
    named_by: str


class Notifications(Repository):
    """Who is notified, and of what."""

    def make_due(self) -> int:
        """Put a digest into the outbox for each receiver whose events are due; how many.

        Sources that have become late are events of the digests to come.
        """
        self._value(int, "report_late_sources")
        return self._value(int, "make_digests")

    def next_time(self) -> datetime | None:
        """When there is something to make or to publish, if nothing happens before."""
        return self._optional(_as_time, "next_publication")

    def save_receivers(self, receivers: Mapping[str, Receiver]) -> None:
        """Keep these receivers, by the path of the file that declares each, and no others."""
        self._do(
            "save_receivers",
            p_receivers=jsonb(
                [
                    {
                        "name": receiver.name,
                        "definition": receiver.model_dump(mode="json"),
                        "declared_in": path,
                    }
                    for path, receiver in receivers.items()
                ]
            ),
        )

    def missing_receivers(self) -> list[MissingReceiver]:
        """The receivers that datasets and sources name and that are not declared."""
        return self._rows(MissingReceiver, "missing_receivers")


def _as_time(value: datetime) -> datetime:
    return value
