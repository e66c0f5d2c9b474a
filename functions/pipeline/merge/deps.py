"""The dependencies of the function `merge`."""

from typing import TYPE_CHECKING, NamedTuple

from functions.pipeline.merge.settings import MergeSettings
from waybill.database.repository import Connection
from waybill.outbox.publish_job_finished import JobNotifier
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class Deps(NamedTuple):
    """A connection in autocommit, the state bucket, the event bus, and the settings."""

    connection: Connection
    state: StateBucket
    events: "EventBridgeClient"
    settings: MergeSettings

    @property
    def notifier(self) -> JobNotifier:
        """The notifier that publishes finished jobs."""
        settings = self.settings
        return JobNotifier(
            self.connection,
            self.state,
            self.events,
            settings.event_bus_name,
            settings.merges_queue_url,
        )
