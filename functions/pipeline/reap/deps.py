"""What the verbs of the step work with, and what the database says stands still."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import psycopg
from pydantic import BaseModel, ConfigDict

from functions.pipeline.reap.settings import ReapSettings
from waybill.landing.object_versions import Written
from waybill.landing.objects import ObjectRef

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Step(NamedTuple):
    """A connection in autocommit, S3, and the step's settings."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    settings: ReapSettings


class _Found(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NotPlanned(_Found):
    """A job whose object is not, or not wholly, cut into chunks."""

    job_id: UUID
    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    landed_at: datetime

    @property
    def written(self) -> Written:
        """Its object."""
        ref = ObjectRef(self.bucket, self.key, self.version_id, self.etag, self.size_bytes)
        return Written(ref, self.landed_at)


class NotStaged(_Found):
    """A job with the chunks of it that are not staged, in order."""

    job_id: UUID
    chunks: list[int]


class Stalled(_Found):
    """Jobs that nothing has touched for a while, by the message that each of them needs."""

    landed: list[NotPlanned]
    chunks: list[NotStaged]
    merges: list[UUID]
    adopts: list[UUID]
