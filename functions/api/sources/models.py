"""Requests and responses of the sources endpoint."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

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
