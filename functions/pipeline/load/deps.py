"""What the verbs of the step work with, and what the database says of a chunk."""

from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

import psycopg
from pydantic import BaseModel, ConfigDict

from functions.pipeline.load.settings import LoadSettings
from waybill.contract.model import Contract
from waybill.landing.objects import ObjectRef
from waybill.records.layout import Layout

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Step(NamedTuple):
    """A connection in autocommit, S3, the step's settings, and its time."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    settings: LoadSettings
    seconds: float = 240.0
    """How long a chunk may take in all."""
    patience_seconds: float = 60.0
    """How long S3 or the database may go without moving a byte."""


class Answer(BaseModel):
    """Whether the chunk is to be staged, is done, or belongs to a job that has ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["todo", "done", "ended"]


class Claim(Answer):
    """A chunk that this loader holds: what to read, how, and where it goes."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    size_bytes: int
    byte_from: int
    byte_to: int
    first_line: int
    layout: Layout
    contract: Contract
    stage_schema: str
    stage_table: str
    keeps_rejects: bool = True
    """False when the chunk is staged once more: its rejects are there already."""

    @property
    def object(self) -> ObjectRef:
        """The object, pinned to its version and content."""
        return ObjectRef(self.bucket, self.key, self.version_id, self.etag, self.size_bytes)


class ChunkId(NamedTuple):
    """A chunk of a job."""

    job_id: UUID
    chunk: int
