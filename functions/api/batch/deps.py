"""What the batch door works with, kept for the life of the process."""

from typing import TYPE_CHECKING, NamedTuple

from functions.api.batch.settings import BatchSettings
from functions.api.batch.validate_rows import RowValidator
from waybill.http.persistent_connection import Connection, WarmDatabase
from waybill.outbox.publish_job_finished import JobNotifier
from waybill.state.contracts import Contracts

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


class Store(NamedTuple):
    """The kept connection, the clients, the settings, the contracts and their validators."""

    database: WarmDatabase
    s3: "S3Client"
    events: "EventBridgeClient"
    settings: BatchSettings
    contracts: Contracts
    validators: dict[str, RowValidator]

    def validator(self, dataset: str) -> RowValidator:
        """The validator of the dataset, for its published contract.

        Raises:
            NotFound: `unknown-dataset`.
            Unavailable: `storage-unavailable`.
        """
        contract = self.contracts.get(dataset)
        validator = self.validators.get(dataset)
        if validator is None or validator.contract is not contract:
            validator = self.validators[dataset] = RowValidator(contract)
        return validator

    def ways(self, connection: Connection) -> JobNotifier:
        """How word of a batch is passed on."""
        told = self.settings
        places = (told.state_bucket, told.event_bus_name, told.merges_queue_url)
        return JobNotifier(connection, self.s3, self.events, *places)
