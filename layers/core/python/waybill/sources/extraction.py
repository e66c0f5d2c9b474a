"""A run of a source: what it reads, how far it is, and what it wrote."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from waybill.sources.connections import SourceKind
from waybill.sources.definition import RetryPolicy


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Attempt(_State):
    """One invocation that worked on the run."""

    number: int
    started_at: datetime
    finished_at: datetime
    outcome: Literal["ok", "retry", "rejected"]
    error: dict[str, Any] | None = None


class Part(_State):
    """A part of the multipart upload of the run's file."""

    number: int
    etag: str
    size_bytes: int


class Progress(_State):
    """How far the run is. Only what is counted here is part of the file."""

    position: str | None = None
    """Where reading continues, as its reader wrote it; None at the beginning."""
    cursor: str | None = None
    """Where the next run of the source begins."""
    records: int = 0
    objects: int = 0
    parts: tuple[Part, ...] = ()
    carry: str | None = None
    """Key of the bytes that are too few for a part."""


class Outcome(_State):
    """What the ledger is to know of a run."""

    attempts: tuple[Attempt, ...] = ()
    cursor: str | None = None
    records: int = 0
    objects: int = 0
    is_done: bool = False
    has_file: bool = False
    """Whether its records are in a file; a run that found none has no file."""
    problem: dict[str, Any] | None = None
    is_cancelled: bool = False


class Extraction(_State):
    """A run: its source as it was when the run began, and its progress."""

    job_id: UUID
    dataset: str
    kind: SourceKind
    connection: dict[str, Any]
    retry: RetryPolicy = RetryPolicy()
    name: str
    """Of the source; part of the keys of copied objects."""
    object_key: str | None = None
    """The one object to load, instead of those below a prefix."""
    object_size: int | None = None
    """Of that object, once it is known."""
    options: dict[str, Any] = {}
    """The client's options for the file."""
    created_by: str | None = None
    created_from: str | None = None
    created_at: datetime
    expires_at: datetime
    bucket: str
    key: str
    """Of the file in the landing bucket."""
    cursor_from: str | None = None
    upload_id: str | None = None
    claim: int = 0
    """The attempt that may change the run; a later one takes over."""
    claimed_at: datetime | None = None
    claimed_until: datetime | None = None
    """When the attempt is dead, whether or not it has said how it ended."""
    progress: Progress = Progress()
    is_read: bool = False
    """Whether everything was read, so that only the file is to be completed."""
    failures: int = 0
    """Attempts in a row that failed without progress."""
    attempts: tuple[Attempt, ...] = ()
    problem: dict[str, Any] | None = None
    is_cancelled: bool = False

    @property
    def size_bytes(self) -> int:
        """Size of the file as far as it is uploaded, or of the object that is copied."""
        if self.object_size is not None:
            return self.object_size
        return sum(part.size_bytes for part in self.progress.parts)

    @property
    def has_ended(self) -> bool:
        """Whether it has failed, or was cancelled."""
        return self.problem is not None or self.is_cancelled

    def outcome(self) -> Outcome:
        """What the ledger is to know."""
        progress = self.progress
        return Outcome(
            attempts=self.attempts,
            cursor=progress.cursor,
            records=progress.records,
            objects=progress.objects,
            is_done=self.is_read,
            has_file=bool(progress.parts) or self.object_key is not None,
            problem=self.problem,
            is_cancelled=self.is_cancelled,
        )
