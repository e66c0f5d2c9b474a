"""Responses of the datasets endpoints."""

from typing import Any

from pydantic import BaseModel, Field

from waybill.contract.model import Partitioning, Reference, WriteDisposition


class Dataset(BaseModel):
    """The columns a file must have, and the table it is loaded into."""

    name: str
    table: str = Field(examples=["public.departments"])
    description: str | None
    write_disposition: WriteDisposition
    natural_key: list[str]
    schema_: dict[str, Any] = Field(alias="schema", description="JSON Schema of one row.")
    references: list[Reference]
    partitioned_by: Partitioning | None
    max_upload_bytes: int | None = Field(
        description="Size limit of a file; null: the limit of the installation."
    )
    version: int


class DatasetList(BaseModel):
    """All datasets, by name."""

    items: list[Dataset]
