"""Request and response of a preview."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from waybill.contract.drift import Drift

Outcome = Literal["loaded", "filtered", "pending", "rejected"]

Rule = Literal["filter", "where", "drop_duplicates"]


class RecordError(BaseModel):
    """Why a record would be rejected, or wait."""

    column: str | None
    code: str
    message: str


class PreviewedRecord(BaseModel):
    """A record before and after the rules of its dataset."""

    line: int = Field(description="In the file, from 1; of rows, the row.")
    raw: str = Field(description="The record as it is in the file, up to 1,000 characters.")
    outcome: Outcome = Field(description="`pending` waits for the row that it refers to.")
    rule: Rule | None = Field(default=None, description="The rule that leaves the record out.")
    before: dict[str, Any] | None = Field(
        description="Text by column; null for a record that cannot be parsed."
    )
    after: dict[str, Any] | None = Field(
        description="Value by column, with looked-up and generated ones; null if it is not loaded."
    )
    errors: list[RecordError]


class Preview(BaseModel):
    """The first 20 records of a file. Nothing is written."""

    columns: list[str] = Field(description="The columns that the file has, in order.")
    records: list[PreviewedRecord]
    not_shown: list[str] = Field(
        description="Rules that the load applies and the preview does not; `warnings` say why."
    )
    warnings: list[str]
    drift: list[Drift] = Field(description="How the file differs from the table.")


class PreviewRows(BaseModel):
    """Rows to preview, as of a batch."""

    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(min_length=1, max_length=1000)
