"""What the batch door answers with."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class BatchWaybill(BaseModel):
    """The numbers of the batch; `read` is the sum of the seven that follow it."""

    model_config = ConfigDict(extra="allow")

    read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    filtered: int
    rejected: int
    pending_reference: int


class RowError(BaseModel):
    """One thing that is wrong with a row, or that it waits for."""

    model_config = ConfigDict(extra="allow")

    row: int = Field(description="Place of the row in the request, from 0.")
    column: str | None
    code: str
    message: str


class BatchResponse(BaseModel):
    """The batch is written."""

    job_id: UUID
    state: str
    rows_written: int = Field(description="Rows that are new or have changed.")
    waybill: BatchWaybill
    errors: list[RowError] = Field(description="Of rows that were not written, or not yet.")
    latency_ms: float = Field(description="From the request's arrival to the write.")

    @classmethod
    def of(cls, job_id: UUID, found: dict[str, Any], milliseconds: float) -> "BatchResponse":
        """The answer to what `waybill.merge_batch` found."""
        waybill = BatchWaybill.model_validate(found["waybill"])
        return cls(
            job_id=job_id,
            state=found["state"],
            rows_written=waybill.inserted + waybill.updated,
            waybill=waybill,
            errors=found["errors"],
            latency_ms=round(milliseconds, 1),
        )
