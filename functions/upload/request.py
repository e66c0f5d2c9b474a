"""What a client asks of the upload door."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

_READ_ENCODINGS = {"utf-8", "utf8", "ascii", "us-ascii"}


def _no_dry_run(value: bool) -> bool:
    if value:
        raise PydanticCustomError("not_supported", "Dry runs are not supported; leave it out.")
    return value


def _read_encoding(value: str) -> str:
    if value.lower() not in _READ_ENCODINGS:
        raise PydanticCustomError("not_supported", "Only UTF-8 files are read.")
    return "utf-8"


def _printable(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise PydanticCustomError("not_printable", "A file's name is printable characters.")
    return value


class UploadRequest(BaseModel):
    """A file that is about to be uploaded."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"filename": "hired.csv", "size_bytes": 90934}]},
    )

    filename: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]
    size_bytes: int = Field(ge=0, strict=True, description="Exactly; another size is refused.")
    sha256: (
        Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)] | None
    ) = Field(default=None, description="Hexadecimal, of the whole file.")
    dry_run: Annotated[bool, AfterValidator(_no_dry_run)] = Field(
        default=False, description="Not supported; only false is taken."
    )
    encoding: Annotated[str, AfterValidator(_read_encoding)] = Field(
        default="utf-8", description="Only UTF-8 (and ASCII) is read."
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="Found out from the file when it is not given."
    )
    multipart: bool = Field(default=False, description="Ask for a multipart upload.")


class Part(BaseModel):
    """A part that was uploaded."""

    model_config = ConfigDict(extra="forbid")

    number: int = Field(ge=1, le=10_000, strict=True)
    etag: str = Field(min_length=1, max_length=100, description="The ETag that S3 answered with.")


class CompleteRequest(BaseModel):
    """All parts of a multipart upload."""

    model_config = ConfigDict(extra="forbid")

    parts: list[Part] = Field(min_length=1, max_length=10_000)
