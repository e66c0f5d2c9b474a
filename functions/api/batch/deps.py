"""What the batch door works with, kept for the life of the process."""

from typing import TYPE_CHECKING, NamedTuple

from functions.api.batch.settings import BatchSettings
from functions.api.batch.validate_rows import RowValidator
from waybill.http.persistent_connection import Connection, WarmDatabase
from waybill.outbox.publish_job_finished import JobNotifier
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class Store(NamedTuple):
    """The kept connection, the clients, the settings, the state bucket and the validators."""

    database: WarmDatabase
    events: "EventBridgeClient"
    settings: BatchSettings
    state: StateBucket
    validators: dict[str, RowValidator]

    def validator(self, dataset: str) -> RowValidator:
        """The validator of the dataset, for its published contract.

        Raises:
            NotFound: `unknown-dataset`.
            Unavailable: `storage-unavailable`.
        """
        contract = self.state.contracts.get(dataset)
        validator = self.validators.get(dataset)
        if validator is None or validator.contract is not contract:
            validator = self.validators[dataset] = RowValidator(contract)
        return validator

    def ways(self, connection: Connection) -> JobNotifier:
        """How word of a batch is passed on."""
        settings = self.settings
        return JobNotifier(
            connection,
            self.state,
            self.events,
            settings.event_bus_name,
            settings.merges_queue_url,
        )
