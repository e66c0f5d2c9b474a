"""Requests and responses of the upload endpoints."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from waybill.http.file_options import Delimiter, Encoding


def _printable(value: str) -> str:
    if not value.isprintable() or not value.strip():
        raise PydanticCustomError(
            "not_printable", "A file name must consist of printable characters."
        )
    return value


def _as_integer(value: object) -> object:
    """JSON has one kind of number: 5.0 is an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Integer = Annotated[int, Field(strict=True), BeforeValidator(_as_integer)]
FileName = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_printable)]


class FileOptions(BaseModel):
    """Optional properties of a file, for every kind of upload."""

    model_config = ConfigDict(extra="forbid")

    sha256: (
        Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$", to_lower=True)] | None
    ) = Field(default=None, description="SHA-256 of the whole file, in hex.")
    dry_run: bool = Field(
        default=False,
        strict=True,
        description="Validate and count all records against the tables, but write nothing.",
    )
    encoding: Encoding | None = Field(
        default=None,
        description="UTF-8, latin-1 (ISO-8859-1), windows-1252 or UTF-16; default: the contract's.",
    )
    delimiter: Delimiter | None = Field(
        default=None, description="Default: the contract's, or detected from the file."
    )


class UploadRequest(FileOptions):
    """The file to upload."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"filename": "hired.csv", "size_bytes": 90934}]},
    )

    filename: FileName
    size_bytes: Integer = Field(ge=0, description="Exact size; S3 refuses any other.")
    multipart: bool = Field(default=False, strict=True, description="Request a multipart upload.")


class FormFile(FileOptions):
    """A file sent in a form: the other form fields, which are texts, and the file name."""

    filename: FileName
    dry_run: bool = False


class Part(BaseModel):
    """An uploaded part."""

    model_config = ConfigDict(extra="forbid")

    number: Integer = Field(ge=1, le=10_000)
    etag: str = Field(min_length=1, max_length=100, description="ETag of S3's response.")


class CompleteRequest(BaseModel):
    """All parts of a multipart upload."""

    model_config = ConfigDict(extra="forbid")

    parts: list[Part] = Field(min_length=1, max_length=10_000)


class SampleRequest(BaseModel):
    """The file to upload, to have it looked at."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"size_bytes": 90934}]}
    )

    size_bytes: Integer = Field(ge=1, description="Exact size; S3 refuses any other.")


class SampleForm(BaseModel):
    """A form POST: send `fields` first, then the file in a field named `file`."""

    sample_id: UUID
    method: Literal["POST"] = "POST"
    url: str
    fields: dict[str, str]
    expires_at: datetime


class _Accepted(BaseModel):
    job_id: UUID
    state: Literal["AWAITING_UPLOAD"] = "AWAITING_UPLOAD"
    expires_at: datetime


class PostForm(_Accepted):
    """A form POST: send `fields` first, then the file in a field named `file`."""

    method: Literal["POST"] = "POST"
    url: str
    fields: dict[str, str]


class PartUrl(BaseModel):
    """The URL to PUT one part to."""

    number: int
    size_bytes: int = Field(description="Exact size of the part; S3 refuses any other.")
    url: str


class MultipartUpload(_Accepted):
    """PUT each part to its URL, then POST the ETags of all parts to `complete_url`."""

    method: Literal["MULTIPART"] = "MULTIPART"
    part_size_bytes: int = Field(description="Size of every part but the last.")
    parts: list[PartUrl]
    complete_url: str


class Landed(BaseModel):
    """The file is complete in the landing bucket."""

    job_id: UUID
    state: Literal["LANDED"] = "LANDED"
