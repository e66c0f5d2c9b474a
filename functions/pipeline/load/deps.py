"""The dependencies of the load step, and the chunk that it claims."""

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


class Deps(NamedTuple):
    """A connection in autocommit, the S3 client, the settings and the time limits."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    settings: LoadSettings
    seconds: float = 240.0
    """Time limit of a chunk."""
    patience_seconds: float = 60.0
    """Time limit of S3 and the database without progress."""


class ClaimStatus(BaseModel):
    """Whether the chunk must be staged, is done, or belongs to a job that has ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["todo", "done", "ended"]


class Claim(ClaimStatus):
    """A chunk that this loader has locked: its bytes, their layout and the staging table."""

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
    """False if the chunk was staged before, so that its rejects are stored already."""

    @property
    def object(self) -> ObjectRef:
        """The object at its version and ETag."""
        return ObjectRef(self.bucket, self.key, self.version_id, self.etag, self.size_bytes)


class ChunkId(NamedTuple):
    """A chunk of a job."""

    job_id: UUID
    chunk: int
