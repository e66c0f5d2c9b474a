"""Responses about rejects."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class RejectReason(BaseModel):
    """Why a record was rejected."""

    model_config = ConfigDict(extra="allow")

    column: str | None
    code: str
    message: str


class RejectItem(BaseModel):
    """A rejected record."""

    reject_id: UUID
    member: str | None = Field(
        default=None, description="The file in the archive; missing if it was in none."
    )
    job_id: UUID | None = Field(
        default=None,
        description="The member's job; only in the rejects of an archive.",
    )
    line: int = Field(description="The line of the file where the record starts, from 1.")
    raw: str = Field(description="The record's text; invalid UTF-8 is shown as U+FFFD.")
    values: dict[str, str | None]
    errors: list[RejectReason]
    truncated: bool | None = Field(
        default=None, description="The record is too long for JSON; the CSV has all of it."
    )


class RejectPage(BaseModel):
    """Rejects, by line; of an archive, by member and line."""

    items: list[RejectItem]
    next_cursor: str | None


class RejectsDownload(BaseModel):
    """The CSV is too large for the response; the URL is also in `Location`."""

    url: str
