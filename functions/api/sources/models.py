"""Requests and responses of the sources endpoint."""

from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from waybill.sources.connections import SourceKind
from waybill.sources.definition import RetryPolicy


class Freshness(BaseModel):
    """How old the data are."""

    last_success_at: datetime | None = Field(
        description="When the last run that was loaded began to read."
    )
    lag_seconds: int | None = Field(description="Seconds since then; null before the first.")
    is_late: bool = Field(description="Whether the lag is longer than `late_after_seconds`.")


class DataSource(BaseModel):
    """A source as it is kept."""

    id: UUID
    name: str
    kind: SourceKind
    connection: dict[str, Any]
    dataset: str
    schedule: str | None = None
    transformation: dict[str, Any] | None = None
    cursor: str | None = Field(default=None, description="Where the next run begins.")
    retry: RetryPolicy
    notify: dict[str, Any] | None = None
    late_after_seconds: int | None = None
    declared_in: str | None = Field(default=None, description="The file that declares it.")
    last_job_id: UUID | None = None
    created_at: datetime
    updated_at: datetime
    freshness: Freshness


class DataSourcePage(BaseModel):
    """Sources by name."""

    items: list[DataSource]
    next_cursor: str | None = Field(description="Null on the last page.")


class FileOptions(BaseModel):
    """How the file is written, where the contract does not say so."""

    model_config = ConfigDict(extra="forbid")

    encoding: str | None = Field(default=None, max_length=50)
    delimiter: str | None = Field(default=None, max_length=1)
    dry_run: bool = Field(default=False, strict=True)
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-fA-F]{64}$")


class ObjectTarget(NamedTuple):
    """An object, and the dataset that it is loaded into."""

    dataset: str
    bucket: str
    key: str


class JobRequest(BaseModel):
    """A source to run, or an object to load into a dataset."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"dataset": "departments", "s3_uri": "s3://bucket/departments.csv"}]
        },
    )

    source_id: UUID | None = None
    dataset: str | None = Field(default=None, pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    s3_uri: str | None = Field(
        default=None, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.{1,1024}$"
    )
    options: FileOptions = FileOptions()

    @model_validator(mode="after")
    def _check(self) -> "JobRequest":
        has_object = self.dataset is not None and self.s3_uri is not None
        has_part = self.dataset is not None or self.s3_uri is not None
        if has_object == (self.source_id is not None) or has_part != has_object:
            raise PydanticCustomError(
                "source_or_object", "Give either source_id, or dataset and s3_uri."
            )
        return self

    def target(self) -> ObjectTarget:
        """The object, of a request that has one."""
        bucket, _, key = str(self.s3_uri).removeprefix("s3://").partition("/")
        return ObjectTarget(str(self.dataset), bucket, key)


class JobStarted(BaseModel):
    """The job of a run."""

    job_id: UUID
    state: Literal["EXTRACTING"] = "EXTRACTING"


class SourceChecked(BaseModel):
    """The first records of a source."""

    records: list[dict[str, Any]]
