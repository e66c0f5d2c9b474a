"""What the jobs' doors answer with, as the documentation shows it.

The documents themselves are made by the database's views; a test holds them against these.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

State = Literal[
    "AWAITING_UPLOAD",
    "LANDED",
    "EXTRACTING",
    "LOADING",
    "MERGING",
    "COMPLETED",
    "COMPLETED_WITH_REJECTS",
    "FAILED",
    "CANCELLED",
    "DUPLICATE",
    "EXPIRED",
    "REVERTED",
]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Source(_Open):
    """Where the data came from."""

    kind: Literal["upload", "s3", "batch", "rest", "database", "replay"]
    bucket: str | None
    key: str | None
    version_id: str | None
    etag: str | None
    size_bytes: int | None
    filename: str | None


class Progress(_Open):
    """How far it is."""

    bytes_total: int | None
    bytes_read: int
    records_read: int
    chunks_total: int | None
    chunks_done: int


class Waybill(_Open):
    """The numbers of a job; `read` is the sum of the seven that follow it."""

    read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    filtered: int
    rejected: int
    pending_reference: int
    sha256: str | None = None
    seconds: float | None = None
    records_per_second: float | None = None


class JobProblem(_Open):
    """Why the job failed."""

    type: str
    title: str
    detail: str


class Job(_Open):
    """A file, and what became of it."""

    job_id: UUID
    dataset: str
    state: State
    source: Source
    progress: Progress
    waybill: Waybill | None = None
    rejects_url: str | None = None
    error: JobProblem | None = None
    duplicate_of: UUID | None = None
    parent_job_id: UUID | None = None
    rejects_remaining: int | None = Field(
        default=None, description="Neither loaded nor on their way in a replay."
    )
    attempts: int
    created_at: datetime
    landed_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[Job]
    next_cursor: str | None = Field(description="Null on the last page.")


class Cancelled(BaseModel):
    """The job is cancelled."""

    job_id: UUID
    state: Literal["CANCELLED"] = "CANCELLED"


class Replayed(BaseModel):
    """The corrected rejects are on their way, as a job of their own."""

    job_id: UUID
    state: Literal["LANDED"] = "LANDED"
    parent_job_id: UUID


class Reason(_Open):
    """One thing that is wrong with a record."""

    column: str | None
    code: str
    message: str


class RejectItem(BaseModel):
    """A refused record."""

    reject_id: UUID
    line: int = Field(description="The line in the file that the record starts on, from 1.")
    raw: str = Field(description="The record's text; bytes that are no UTF-8 show as U+FFFD.")
    values: dict[str, str | None]
    errors: list[Reason]
    truncated: bool | None = Field(default=None, description="Too long for JSON; see the CSV.")


class RejectPage(BaseModel):
    """Rejects, by line."""

    items: list[RejectItem]
    next_cursor: str | None


class RejectsDownload(BaseModel):
    """The CSV is too large for an answer; the same address is in `Location`."""

    url: str


class Run(_Open):
    """One attempt of a step at the job."""

    attempt: int
    step: str
    chunk: int | None = None
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    error: dict[str, Any] | None = None


class RunPage(BaseModel):
    """Runs, in order."""

    items: list[Run]
    next_cursor: str | None


class PendingPage(BaseModel):
    """Good records whose parent is not there yet, by line."""

    items: list[dict[str, Any]]
    next_cursor: str | None
