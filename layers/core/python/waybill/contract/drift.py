"""One difference between a file and the table of its dataset."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

DriftAction = Literal["ignored", "rescued", "rejected"]


class Drift(BaseModel):
    """One difference. Nothing is concluded from it: `nearest` is a hint for the reader."""

    model_config = ConfigDict(frozen=True)

    column: str
    """The name in the file; of a missing or retyped column, the column."""
    change: Literal["added", "missing", "retyped"]
    nearest: str | None = None
    """Of an added column, the column with the most similar name, if there is a similar one."""
    action: DriftAction | None = None
    """What became of the values; null for a missing column."""
    records: int | None = None
    """The number of records with the field, where it may differ from record to record."""
    code: str | None = None
    """Of a retyped column, the most frequent error."""
