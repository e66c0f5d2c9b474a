"""Database, S3 and state bucket, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from functions.api.jobs.models import FINAL_STATES
from functions.api.jobs.settings import JobsSettings
from waybill.clients import s3_client
from waybill.database.jobs import Jobs
from waybill.errors import NotFound
from waybill.http.access import check_creator
from waybill.http.persistent_connection import PersistentConnection
from waybill.http.principal import Principal
from waybill.http.replica_reads import ReplicaReads
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """The connections, S3, the settings and the state bucket."""

    database: PersistentConnection
    replica: ReplicaReads
    """For reads that may be a moment behind."""
    s3: "S3Client"
    settings: JobsSettings
    state: StateBucket

    def reads_of(self, job_id: UUID) -> PersistentConnection | ReplicaReads:
        """Where to read what belongs to the job: at a reader once that knows that it has ended.

        Before, the state that a client saw may be ahead of the reader's.
        """
        if not self.replica.is_separate:
            return self.database
        document = self.replica.run(lambda connection: Jobs(connection).get(job_id))
        ended = document is not None and document["state"] in FINAL_STATES
        return self.replica if ended else self.database

    def ticket(self, job_id: UUID) -> Ticket | None:
        """The upload ticket of the job, if it is an upload."""
        return self.state.tickets.find(job_id)

    def dataset_of(self, job_id: UUID) -> str:
        """The dataset of the job.

        Raises:
            NotFound: `unknown-job`.
        """
        dataset = self.database.run(lambda connection: Jobs(connection).dataset_of(job_id))
        if dataset is None:
            ticket = self.ticket(job_id)
            if ticket is None:
                raise unknown_job(job_id)
            dataset = ticket.dataset
        return dataset

    def check_visible(self, job_id: UUID, principal: Principal) -> None:
        """Check that the caller may see the job's dataset.

        Raises:
            NotFound: `unknown-job`, as for a job that does not exist.
        """
        if principal.datasets is not None and not principal.sees(self.dataset_of(job_id)):
            raise unknown_job(job_id)

    def check_own(self, job_id: UUID, principal: Principal) -> None:
        """Check that the caller made the job, or is an administrator.

        Raises:
            NotFound: `unknown-job`.
            Forbidden: somebody else made it.
        """
        self.check_visible(job_id, principal)
        if principal.has("admin"):
            return
        self.dataset_of(job_id)
        creator = self.database.run(lambda connection: Jobs(connection).creator_of(job_id))
        if creator is None and (ticket := self.ticket(job_id)):
            creator = ticket.created_by
        check_creator(creator, principal)


@cache
def deps() -> Deps:
    """The dependencies of the jobs endpoints."""
    settings = JobsSettings.from_environment()
    state = StateBucket(s3_client(), settings.state_bucket)
    database = PersistentConnection(settings, "jobs")
    replica = ReplicaReads(settings, "jobs", database)
    return Deps(database, replica, s3_client(), settings, state)


def unknown_job(job_id: UUID) -> NotFound:
    """The error for an id without a job."""
    return NotFound("unknown-job", f"There is no job {job_id}.")
