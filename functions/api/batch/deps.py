"""Database, clients and state bucket, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.batch.settings import BatchSettings
from functions.api.batch.validate_rows import RowValidator
from waybill.clients import events_client, s3_client
from waybill.database.repository import Connection
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.personal_reads import PersonalReads
from waybill.outbox.publish_job_finished import JobNotifier
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """The connection and clients, the settings, the state bucket, a validator per dataset."""

    database: PersistentConnection
    events: "EventBridgeClient"
    settings: BatchSettings
    state: StateBucket
    validators: dict[str, RowValidator]
    personal_reads: PersonalReads
    s3: "S3Client"

    def validator(self, dataset: str) -> RowValidator:
        """The row validator of the dataset, for its published contract.

        Raises:
            NotFound: `unknown-dataset`.
            Unavailable: `storage-unavailable`.
        """
        contract = self.state.contracts.get(dataset)
        validator = self.validators.get(dataset)
        if validator is None or validator.contract is not contract:
            validator = self.validators[dataset] = RowValidator(contract)
        return validator

    def notifier(self, connection: Connection) -> JobNotifier:
        """The notifier that publishes a finished batch."""
        settings = self.settings
        return JobNotifier(
            connection,
            self.state,
            self.events,
            settings.event_bus_name,
            settings.merges_queue_url,
        )


@cache
def deps() -> Deps:
    """The dependencies of the batch endpoint."""
    settings = BatchSettings.from_environment()
    s3 = s3_client()
    state = StateBucket(s3, settings.state_bucket)
    database = PersistentConnection(settings, "batch")
    reads = PersonalReads(database)
    return Deps(database, events_client(), settings, state, {}, reads, s3)
