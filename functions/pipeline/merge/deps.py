"""What the verbs of the step work with, and what the database answers them."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

import psycopg
from pydantic import BaseModel, ConfigDict

from functions.pipeline.merge.settings import MergeSettings
from waybill.outbox.publish_job_finished import JobNotifier, UnblockedJobs

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


class Step(NamedTuple):
    """A connection in autocommit, the clients, and the step's settings."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    events: "EventBridgeClient"
    settings: MergeSettings

    @property
    def ways(self) -> JobNotifier:
        """How word of a job's end is passed on."""
        told = self.settings
        places = (told.state_bucket, told.event_bus_name, told.merges_queue_url)
        return JobNotifier(self.connection, self.s3, self.events, *places)


class Restage(BaseModel):
    """Chunks of a job that are to be staged again."""

    job_id: UUID
    chunks: list[int]


class Answer(BaseModel):
    """How a call of `waybill.merge_job` or `waybill.resolve_pending` ended."""

    model_config = ConfigDict(frozen=True, extra="allow")

    outcome: Literal["merged", "ended", "waiting", "restage"]
    state: str | None = None
    dataset: str | None = None
    wake: tuple[UUID, ...] = ()
    """Jobs that waited for this one."""
    adopt: tuple[UUID, ...] = ()
    """Jobs with pending records whose parents this one may have brought."""
    chunks: tuple[int, ...] = ()
    """Of this job, when its staging table was emptied by a crash of the server."""
    restamp: tuple[Restage, ...] = ()
    """Later jobs that must be staged again before this late one may merge."""

    @property
    def unblocked(self) -> UnblockedJobs:
        """The jobs that may go on now."""
        return UnblockedJobs(self.wake, self.adopt)
