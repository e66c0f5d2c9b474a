"""Requests and responses of the datasets endpoints."""

from typing import Any, Literal

from pydantic import BaseModel, Field

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
    quote: str | None = Field(
        description="Character around fields of CSV files, written twice within them; null: fields"
        " are not quoted."
    )
    escape: str | None = Field(
        description="Character of CSV files that makes a quote or itself after it data: in quotes;"
        " without quotes, or with `escape_codes`, everywhere, and a delimiter or line ending too;"
        " null: none does."
    )
    escape_codes: bool = Field(
        description="Whether `b`, `f`, `n`, `r`, `t` and `v` after it are control characters."
    )
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
