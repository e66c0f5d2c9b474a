"""Request and response of the batch endpoint."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from waybill.contract.drift import Drift
from waybill.database.batches import BatchMode, BatchResult

MAX_ROWS = 1000


class BatchRequest(BaseModel):
    """Rows of one dataset; `GET /datasets/{name}` has the JSON Schema of a row."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"rows": [{"column": "value"}]}]},
    )

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_ROWS)]
    mode: BatchMode = Field(
        default="atomic",
        description="`atomic`: all rows or none. `partial`: the valid rows; the others become"
        " rejects of the job.",
    )
    table: str | None = Field(default=None, description="If given, must equal the dataset.")


class BatchWaybill(BaseModel):
    """The counts of the batch; `read` is the sum of the other seven."""

    model_config = ConfigDict(extra="allow")

    read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    filtered: int
    rejected: int
    pending_reference: int


class BatchRowError(BaseModel):
    """Why a row was not written, or not written yet."""

    model_config = ConfigDict(extra="allow")

    row: int = Field(description="Index of the row in the request, from 0.")
    column: str | None
    code: str
    message: str


class BatchResponse(BaseModel):
    """The batch was written."""

    job_id: UUID
    state: str
    rows_written: int = Field(description="Rows that were inserted or updated.")
    waybill: BatchWaybill
    errors: list[BatchRowError] = Field(
        description="Rows that were rejected, or that wait for a referenced row."
    )
    drift: list[Drift] = Field(
        default=[], description="Fields of the rows that the table does not have."
    )
    latency_ms: float = Field(description="From the request's arrival to the write.")

    @classmethod
    def of(
        cls, job_id: UUID, merged: BatchResult, milliseconds: float, drift: Sequence[Drift]
    ) -> "BatchResponse":
        """The response to a merged batch."""
        waybill = BatchWaybill.model_validate(merged.waybill)
        return cls(
            job_id=job_id,
            state=merged.state,
            rows_written=waybill.inserted + waybill.updated,
            waybill=waybill,
            errors=[BatchRowError.model_validate(error) for error in merged.errors],
            drift=list(drift),
            latency_ms=round(milliseconds, 1),
        )
