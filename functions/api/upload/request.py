"""What a client asks of the upload door."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "latin-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16-le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "utf-16-be": "utf-16-be",
}


def _read_encoding(value: str) -> str:
    known = _ENCODINGS.get(value.strip().lower())
    if known is None:
        names = ", ".join(sorted(set(_ENCODINGS.values())))
        raise PydanticCustomError("unknown_encoding", f"Files are read as one of {names}.")
    return known


def _printable(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise PydanticCustomError("not_printable", "A file's name is printable characters.")
    return value


FileName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]


class Described(BaseModel):
    """What can be said of a file, however it is sent."""

    model_config = ConfigDict(extra="forbid")

    sha256: (
        Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)] | None
    ) = Field(default=None, description="Hexadecimal, of the whole file.")
    dry_run: bool = Field(
        default=False, description="Check and count everything against the tables, keep nothing."
    )
    encoding: Annotated[str, AfterValidator(_read_encoding)] | None = Field(
        default=None,
        description="UTF-8, latin-1 (ISO-8859-1), windows-1252 or UTF-16; else the contract's.",
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="Found out from the file when it is not given."
    )


class UploadRequest(Described):
    """A file that is about to be uploaded."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"filename": "hired.csv", "size_bytes": 90934}]},
    )

    filename: FileName
    size_bytes: int = Field(ge=0, strict=True, description="Exactly; another size is refused.")
    multipart: bool = Field(default=False, description="Ask for a multipart upload.")


class SentFile(Described):
    """A file that came with its request: the form's other fields, and the file's name."""

    filename: FileName


class Part(BaseModel):
    """A part that was uploaded."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1, le=10_000, strict=True)
    etag: str = Field(min_length=1, max_length=100, description="The ETag that S3 answered with.")


class CompleteRequest(BaseModel):
    """All parts of a multipart upload."""

    model_config = ConfigDict(extra="forbid")

    parts: list[Part] = Field(min_length=1, max_length=10_000)
