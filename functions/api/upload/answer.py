"""What the upload door answers with."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class _Accepted(BaseModel):
    job_id: UUID
    state: Literal["AWAITING_UPLOAD"] = "AWAITING_UPLOAD"
    expires_at: datetime


class PostForm(_Accepted):
    """One form post: `fields` first, then the file in a field named `file`."""

    method: Literal["POST"] = "POST"
    url: str
    fields: dict[str, str]


class PartAddress(BaseModel):
    """Where one part is PUT."""

    number: int
    url: str


class PartAddresses(_Accepted):
    """A PUT per part, then one POST of every part's ETag to `complete_url`."""

    method: Literal["MULTIPART"] = "MULTIPART"
    part_size_bytes: int = Field(description="Of every part but the last.")
    parts: list[PartAddress]
    complete_url: str


class Landed(BaseModel):
    """The file is complete in the landing bucket."""

    job_id: UUID
    state: Literal["LANDED"] = "LANDED"
