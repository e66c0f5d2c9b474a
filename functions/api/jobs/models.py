"""Requests and responses of the jobs endpoints.

The documents come from views of the database; a test validates them against these models.
"""

from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from functions.api.jobs.archive_models import Archive, ArchiveMember
from functions.api.jobs.job_state import State
from functions.api.jobs.revert_models import Revert
from waybill.contract.drift import Drift
from waybill.database.runs import Outcome
from waybill.errors import FieldError
from waybill.states import JobKind, JobState

FINAL_STATES = frozenset(state for state in JobState if state.is_final)
REJECT_ID = "_reject_id"
MAX_REPLAY_ROWS = 10_000


class JobsQuery(NamedTuple):
    """Which jobs to list."""

    dataset: str | None
    state: str | None
    limit: int
    cursor: str | None
    datasets: frozenset[str] | None = None
    """Those that the caller may see; None for all."""
    archive: UUID | None = None
    """The archive whose members are listed; None for all jobs."""


class RejectsQuery(NamedTuple):
    """Which rejects to list."""

    job_id: UUID
    limit: int | None
    cursor: str | None
    masked: bool
    """Without personal values."""
    is_archive: bool = False
    """Those of all members."""


class PendingQuery(NamedTuple):
    """Which pending records to list."""

    job_id: UUID
    limit: int
    cursor: str | None
    masked: bool
    """Without personal values."""


class ReplayRequest(BaseModel):
    """Corrected rejects; a column that is left out keeps the value of the reject."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"rows": [{REJECT_ID: "the id", "column": "corrected"}]}]},
    )

    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_REPLAY_ROWS)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="allow")


class Source(_Document):
    """The origin of the data."""

    kind: JobKind
    bucket: str | None
    key: str | None
    version_id: str | None
    etag: str | None
    size_bytes: int | None
    filename: str | None


class Progress(_Document):
    """How much is loaded."""

    bytes_total: int | None
    bytes_read: int
    records_read: int
    chunks_total: int | None
    chunks_done: int


class Waybill(_Document):
    """The counts; `read` is the sum of the next seven, of `erased` and of `withdrawn`."""

    read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    filtered: int
    rejected: int
    pending_reference: int
    erased: int | None = Field(
        default=None, description="Records of persons who were erased; missing if none."
    )
    withdrawn: int | None = Field(
        default=None,
        description="Pending records that were dropped by a revert; missing if none.",
    )
    sha256: str | None = None
    seconds: float | None = None
    records_per_second: float | None = None


class JobProblem(_Document):
    """Why the job failed."""

    type: str
    title: str
    detail: str


class RevertProblem(JobProblem):
    """Why the load was kept."""

    errors: list[FieldError] | None = None


class Job(_Document):
    """An ingestion job: one file, batch or replay."""

    job_id: UUID
    dataset: str
    state: State
    source: Source
    progress: Progress
    waybill: Waybill | None = None
    rejects_url: str | None = None
    warnings: list[str] = Field(
        default=[], description="What is uncertain about the file's layout as it was detected."
    )
    drift: list[Drift] = Field(
        default=[],
        description="How the file differs from the table: columns added, missing or retyped.",
    )
    error: JobProblem | None = None
    revert: Revert | None = Field(
        default=None, description="How its rows were taken back, if it is REVERTED."
    )
    revert_error: RevertProblem | None = Field(
        default=None,
        description="Why the last request to revert it was refused; `errors` has the first twenty"
        " rows or jobs.",
    )
    duplicate_of: UUID | None = Field(
        default=None,
        description="The job with the same content, directly before this one, whose rows and"
        " rejects are as this one would leave them. A DUPLICATE is not loaded; its waybill counts"
        " what a load would have found.",
    )
    parent_job_id: UUID | None = None
    archive: Archive | None = None
    archive_job_id: UUID | None = Field(
        default=None, description="The job of the archive that the file was in."
    )
    members: list[ArchiveMember] | None = Field(
        default=None,
        description="The first 100 files of an archive, in order; not in lists of jobs. All of"
        " them, once they are unpacked: GET /jobs?archive_job_id=.",
    )
    rejects_remaining: int | None = Field(
        default=None, description="Rejects that are neither loaded nor part of a replay."
    )
    attempts: int
    created_at: datetime
    landed_at: datetime | None = None
    object_erased_at: datetime | None = Field(
        default=None,
        description="When the object was marked to expire, since a person of the dataset was"
        " erased; missing if it was not.",
    )
    started_at: datetime | None = None
    finished_at: datetime | None = None


class JobPage(BaseModel):
    """Jobs, newest first."""

    items: list[Job]
    next_cursor: str | None = Field(description="Null on the last page.")


class JobCancelled(BaseModel):
    """The job is cancelled."""

    job_id: UUID
    state: Literal["CANCELLED"] = "CANCELLED"


class ReplayAccepted(BaseModel):
    """The corrected rejects are loaded by a new job."""

    job_id: UUID
    state: Literal["LANDED"] = "LANDED"
    parent_job_id: UUID


class Run(_Document):
    """One attempt of a pipeline step."""

    attempt: int
    step: str
    chunk: int | None = None
    started_at: datetime
    finished_at: datetime | None
    outcome: Outcome | None
    error: dict[str, Any] | None = None


class RunPage(BaseModel):
    """Runs, oldest first."""

    items: list[Run]
    next_cursor: str | None


class PendingPage(BaseModel):
    """Valid records whose referenced row does not exist yet, by line."""

    items: list[dict[str, Any]]
    next_cursor: str | None
