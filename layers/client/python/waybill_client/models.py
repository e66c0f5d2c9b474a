"""The API's responses, with the fields that the client reads; there may be more."""

from typing import Any, Literal, NotRequired, TypedDict

from waybill_client.rows import Rows

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
    "REVERTING",
]
OPEN_STATES: frozenset[str] = frozenset(
    {"AWAITING_UPLOAD", "LANDED", "EXTRACTING", "LOADING", "MERGING", "REVERTING"}
)
"""A job in any other state has ended."""


class Counts(TypedDict):
    """A waybill: `read` is the sum of the other counts."""

    read: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    filtered: int
    rejected: int
    pending_reference: int
    seconds: NotRequired[float]
    records_per_second: NotRequired[float]
    sha256: NotRequired[str]


class Revert(TypedDict):
    """The waybill of a revert: `rows` is the sum of the next five."""

    reverted_at: str
    rows: int
    removed: int
    restored: int
    restamped: int
    reinserted: int
    erased: int
    withdrawn: int


class Drift(TypedDict):
    """A difference between a file and its table."""

    column: str
    change: Literal["added", "missing", "retyped"]
    nearest: NotRequired[str]
    action: NotRequired[Literal["ignored", "rescued", "rejected"]]
    records: NotRequired[int]
    code: NotRequired[str]


class ArchiveMember(TypedDict):
    """A file in an archive, and its job."""

    position: int
    name: str
    size_bytes: int
    job_id: str
    state: State | None
    read: int | None
    rejected: int | None


class Job(TypedDict):
    """A job; times are RFC 3339 in UTC."""

    job_id: str
    dataset: str
    state: State
    source: NotRequired[dict[str, Any]]
    progress: NotRequired[dict[str, int]]
    waybill: NotRequired[Counts]
    error: NotRequired[dict[str, Any]]
    dry_run: NotRequired[bool]
    warnings: NotRequired[list[str]]
    drift: NotRequired[list[Drift]]
    archive_job_id: NotRequired[str]
    members: NotRequired[list[ArchiveMember]]
    rejects_remaining: NotRequired[int]
    rejects_url: NotRequired[str]
    revert: NotRequired[Revert]
    revert_error: NotRequired[dict[str, Any]]
    duplicate_of: NotRequired[str]
    created_at: NotRequired[str]
    finished_at: NotRequired[str]


class ColumnStatistics(TypedDict):
    """A column over the valid records of a file."""

    records: int
    nulls: int
    distinct: int
    distinct_is_exact: bool
    min: str | None
    max: str | None


class ComparedColumn(TypedDict):
    """A column of a file, and of the file before it; None where a file lacks it."""

    column: str
    personal: bool
    current: ColumnStatistics | None
    previous: ColumnStatistics | None


class ComparedColumns(TypedDict):
    """The columns of a job's file, beside those of the job `compared_with`."""

    compared_with: str | None
    items: list[ComparedColumn]


class FieldError(TypedDict):
    """A reason for rejecting a record."""

    column: str | None
    code: str
    message: str


class PreviewedRecord(TypedDict):
    """A record before and after the rules of its dataset."""

    line: int
    raw: str
    outcome: Literal["loaded", "filtered", "pending", "rejected"]
    rule: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    errors: list[FieldError]


class Preview(TypedDict):
    """The first records of a file; nothing was written."""

    columns: list[str]
    records: list[PreviewedRecord]
    not_shown: list[str]
    warnings: list[str]
    drift: list[Drift]


class Reject(TypedDict):
    """A rejected record; `line` is 1-based in the file."""

    reject_id: str
    line: int
    raw: str
    values: dict[str, str | None]
    errors: list[FieldError]
    member: NotRequired[str]
    """The file in an archive."""
    job_id: NotRequired[str]
    """The member's job, in the rejects of an archive."""


class Page(TypedDict):
    """A page of a list."""

    items: list[dict[str, Any]]
    next_cursor: str | None


class Figures(TypedDict):
    """A response of the analytics."""

    items: Rows
    next_cursor: str | None
    as_of: str | None
    unassigned: int
    mean: NotRequired[float | None]
