"""Describe a dataset from its published contract."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from waybill.contract.json_schema import row_schema
from waybill.contract.model import Contract, Partitioning, Reference


class Dataset(BaseModel):
    """What a file for this dataset must look like, and where it goes."""

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
    """Every dataset, by name."""

    items: list[Dataset]


def describe_dataset(contract: Contract) -> Dataset:
    """The dataset as the API shows it."""
    return Dataset(
        name=contract.name,
        table=f"{contract.table_schema}.{contract.table}",
        description=contract.comment,
        write_disposition=contract.write_disposition,
        natural_key=list(contract.natural_key),
        schema=row_schema(contract),
        references=list(contract.references),
        partitioned_by=contract.partitioned_by,
        version=contract.version,
    )
