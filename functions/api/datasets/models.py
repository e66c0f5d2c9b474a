"""Responses of the datasets endpoints."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from waybill.contract.model import Partitioning, Reference


class Dataset(BaseModel):
    """The columns a file must have, and the table it is loaded into."""

    name: str
    table: str = Field(examples=["public.departments"])
    description: str | None
    write_disposition: Literal["merge", "append"]
    natural_key: list[str]
    schema_: dict[str, Any] = Field(alias="schema", description="JSON Schema of one row.")
    references: list[Reference]
    partitioned_by: Partitioning | None
    version: int


class DatasetList(BaseModel):
    """All datasets, by name."""

    items: list[Dataset]
