"""What the jobs' doors read from: the database, and the tickets of files not yet there."""

from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from functions.api.jobs.settings import JobsSettings
from waybill.database.queries import queries
from waybill.errors import NotFound
from waybill.http.persistent_connection import WarmDatabase
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SQL = queries("jobs")


class Store(NamedTuple):
    """The kept connection, S3, the settings and the state bucket."""

    database: WarmDatabase
    s3: "S3Client"
    settings: JobsSettings
    state: StateBucket

    def ticket(self, job_id: UUID) -> Ticket | None:
        """The upload ticket of the job, if the upload door gave one out."""
        return self.state.tickets.find(job_id)

    def dataset_of(self, job_id: UUID) -> str:
        """The dataset that the job belongs to.

        Raises:
            NotFound: `unknown-job`.
        """
        known: str | None = self.database.ask(
            lambda connection: SQL.get_dataset(connection, job_id=job_id)
        )
        if known is None:
            ticket = self.ticket(job_id)
            if ticket is None:
                raise unknown_job(job_id)
            known = ticket.dataset
        return known


def unknown_job(job_id: UUID) -> NotFound:
    """What is said of an id that nothing exists under."""
    return NotFound("unknown-job", f"There is no job {job_id}.")
