"""Requests and responses of the datasets endpoints."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from waybill.contract.drift import Drift
from waybill.contract.model import DriftPolicy, Partitioning, Reference, WriteDisposition


class Dataset(BaseModel):
    """The columns a file must have, and the table it is loaded into."""

    name: str
    table: str = Field(examples=["public.departments"])
    description: str | None
    write_disposition: WriteDisposition
    natural_key: list[str]
    schema_: dict[str, Any] = Field(alias="schema", description="JSON Schema of one row.")
    references: list[Reference]
    aliases: dict[str, str] = Field(
        description="Column by another name that headers may have, in lower case."
    )
    null_words: list[str] = Field(description="Texts that mean null.")
    formats: dict[str, dict[str, Any]] = Field(
        description="How a column is written in files, where it is not the default: `date` and"
        " `zone`, `decimal` and `thousands`, `true_words` and `false_words`, …"
    )
    header: Literal["auto", "present", "absent"]
    delimiter: str | None = Field(description="Null: detected.")
    encoding: str | None = Field(description="Null: UTF-8, or as a byte order mark says.")
    drift: DriftPolicy = Field(description="What becomes of columns that the table lacks.")
    searchable: list[str] = Field(description="Columns that rows can be found by.")
    lookups: dict[str, list[str]] = Field(
        description="Strategies to look up a row, with the columns that a value is given for."
    )
    partitioned_by: Partitioning | None
    max_upload_bytes: int | None = Field(
        description="Size limit of a file; null: the limit of the installation."
    )
    version: int


class DatasetList(BaseModel):
    """All datasets, by name."""

    items: list[Dataset]


Outcome = Literal["loaded", "filtered", "rejected"]


class RecordError(BaseModel):
    """Why a record would be rejected."""

    column: str | None
    code: str
    message: str


class PreviewedRecord(BaseModel):
    """A record before and after the rules of its dataset."""

    line: int = Field(description="In the file, from 1; of rows, the row.")
    raw: str = Field(description="The record as it is in the file, up to 1,000 characters.")
    outcome: Outcome
    before: dict[str, Any] | None = Field(
        description="Text by column; null for a record that cannot be parsed."
    )
    after: dict[str, Any] | None = Field(
        description="Value by column; null for a record that is not loaded."
    )
    errors: list[RecordError]


class Preview(BaseModel):
    """The first 20 records of a file. Nothing is written."""

    columns: list[str] = Field(description="The columns that the file has, in order.")
    records: list[PreviewedRecord]
    not_shown: list[str] = Field(
        description="Rules that only the merge applies, and that the preview leaves out."
    )
    warnings: list[str]
    drift: list[Drift] = Field(description="How the file differs from the table.")


class PreviewRows(BaseModel):
    """Rows to preview, as of a batch."""

    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(min_length=1, max_length=1000)
