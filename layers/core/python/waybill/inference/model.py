"""What is inferred from a file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from waybill.contract.model import Format

Header = Literal["present", "absent"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class InferredColumn(_Frozen):
    """A proposed column."""

    name: str
    source: str | None = Field(description="Its name in the file; null without a header.")
    type: str = Field(examples=["integer"])
    required: bool = Field(description="Whether it is proposed as NOT NULL.")
    nulls: int = Field(description="Records without a value.")
    null_words: list[str] = Field(description="Texts of the file that mean null in it.")
    format: Format | None = Field(description="How its values are written, if not by default.")
    evidence: list[str] = Field(description="Why; without values of the file.")


class KeyCandidate(_Frozen):
    """Columns that no two records share; the first candidate is proposed."""

    columns: list[str]
    records: int = Field(description="Records that were compared.")
    proposed: bool


class PartitionCandidate(_Frozen):
    """A time that every record has."""

    column: str
    unit: Literal["year", "month"]
    partitions: int = Field(description="Partitions that the records read would fill.")
    proposed: bool


class Inferred(_Frozen):
    """A proposed dataset."""

    name: str
    sql: str = Field(description="The dataset file, for `sql/datasets/`.")
    file_format: str = Field(examples=["csv"])
    compression: str | None
    encoding: str | None = Field(description="Of a file of text.")
    delimiter: str | None = Field(description="Of a CSV file.")
    quote: str | None = Field(description="Of a CSV file; null: its fields are not quoted.")
    escape: str | None = Field(description="Of a CSV file.")
    escape_codes: bool = Field(description="Whether it has escapes of control characters.")
    header: Header | None = Field(description="Of a CSV file or a sheet.")
    columns: list[InferredColumn]
    keys: list[KeyCandidate]
    partition: PartitionCandidate | None
    records: int = Field(description="Records read.")
    rejected: int = Field(description="Of these, records that no dataset could take.")
    complete: bool = Field(description="Whether the whole file was read.")
    notes: list[str] = Field(description="What is uncertain.")
