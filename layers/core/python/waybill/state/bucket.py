"""`StateBucket`: everything that is kept in the state bucket, by kind."""

from typing import TYPE_CHECKING

from waybill.state.audit import AuditEntries
from waybill.state.contracts import PublishedContracts
from waybill.state.deliveries import Deliveries
from waybill.state.exports import Exports
from waybill.state.extractions import Extractions
from waybill.state.markers import WakeUpMarkers
from waybill.state.next_publication import NextPublication
from waybill.state.tickets import Tickets
from waybill.state.upload_deadlines import UploadDeadlines

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class StateBucket:
    """The state bucket. Cheap to create; every method raises `Unavailable` when S3 fails.

    Attributes:
        contracts: the contracts of the datasets, published by `migrate`.
        tickets: the upload requests, by job.
        deadlines: when requested uploads expire.
        exports: CSV files that are too large for a response.
        audit: audit entries of functions that have no connection.
        extractions: runs of sources.
        deliveries: digests of notifications, and whether they were sent.
        markers: jobs with work left, without which the schedules do not query the database.
        next_publication: when `publish` is needed though there is no marker.
    """

    def __init__(self, s3: "S3Client", name: str) -> None:
        self.name = name
        self.contracts = PublishedContracts(s3, name)
        self.tickets = Tickets(s3, name)
        self.deadlines = UploadDeadlines(s3, name)
        self.exports = Exports(s3, name)
        self.audit = AuditEntries(s3, name)
        self.extractions = Extractions(s3, name)
        self.deliveries = Deliveries(s3, name)
        self.markers = WakeUpMarkers(s3, name)
        self.next_publication = NextPublication(s3, name)
