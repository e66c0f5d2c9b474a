"""What a loader asks of the process that decodes a file. Imports nothing heavy."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

BinaryFormat = Literal["parquet", "arrow-file", "arrow-stream", "xlsx"]
ROW_GROUP = b"row_group"
"""Metadata of a batch: the number of its row group, from 0, and the line of its first record."""
BINARY_FORMATS: tuple[str, ...] = ("parquet", "arrow-file", "arrow-stream", "xlsx")


class UnreadableFile(Exception):
    """The file cannot be read, for a reason that does not pass."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Field:
    """A column of the dataset, as far as it matters for the text of its values."""

    kind: str
    """As `Column.kind`."""
    decimal: str = "."
    true_word: str = "true"
    false_word: str = "false"
    pattern: str = ""
    """Of dates and times; empty for ISO 8601."""
    pivot: int = 70


@dataclass(frozen=True)
class Task:
    """Describe a file, or read the records of a part of it."""

    file_format: BinaryFormat
    size: int
    memory_bytes: int
    """What the process may allocate."""
    is_description: bool = True
    sheet: str | None = None
    """Of a workbook; None for the first."""
    fields: tuple[Field, ...] = ()
    """The column of each field of the file, in order."""
    names: tuple[str, ...] = ()
    """The field names of documents, if each record becomes one."""
    first_column: int = 0
    """Of a sheet, the first that has a field."""
    trim: bool = False
    null_words: tuple[str, ...] = ()
    """For texts of a sheet, as for unquoted text."""
    byte_from: int = 0
    byte_to: int = 0
    """The part: row groups that begin in [byte_from, byte_to)."""
    first_line: int = 1
    """Number of the part's first record in the file, from 1; of a sheet, its row."""
    output_bytes: int = 0
    ratio: int = 0
    """Limits of what a workbook unpacks to."""

    def to_json(self) -> bytes:
        """The task as the process gets it."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Task":
        """The task of this text."""
        members: dict[str, Any] = json.loads(text)
        members["fields"] = tuple(Field(**field) for field in members["fields"])
        members["names"] = tuple(members["names"])
        members["null_words"] = tuple(members["null_words"])
        return cls(**members)
