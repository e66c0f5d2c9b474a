"""Responses with the statistics of a file's columns."""

from uuid import UUID

from pydantic import BaseModel, Field


class ColumnStatistics(BaseModel):
    """A column over the valid records of a file, before the merge."""

    records: int = Field(description="Records whose fields are all valid.")
    nulls: int
    distinct: int = Field(description="Distinct values besides null.")
    distinct_is_exact: bool = Field(
        description="Whether `distinct` is counted, as it is up to 1,000 values; otherwise it is"
        " estimated, with a standard error of 3 %. In tables of more than 64 columns it is counted"
        " up to fewer, and the error is up to 13 %."
    )
    min: str | None = Field(
        description="The lowest value; texts are cut to 100 characters and compared by code"
        " point. Null for personal columns, and for types other than numbers, times and text."
    )
    max: str | None = Field(description="The highest value, as `min`.")


class ComparedColumn(BaseModel):
    """A column of a file, and of the file before it."""

    column: str
    personal: bool = Field(description="Whether the column is personal, so has no min and max.")
    current: ColumnStatistics | None = Field(description="Null if the file lacks the column.")
    previous: ColumnStatistics | None = Field(
        description="Of the job `compared_with`; null if that has no such column."
    )


class ComparedColumns(BaseModel):
    """The columns of a job's file, in the order of the table."""

    compared_with: UUID | None = Field(
        description="The load of the same dataset and kind before this one; null if none."
    )
    items: list[ComparedColumn]
