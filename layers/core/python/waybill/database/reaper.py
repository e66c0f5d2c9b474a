"""Stalled work: found, ended, or sent again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from waybill.database.repository import Repository


class OverdueUpload(NamedTuple):
    """A requested upload whose time is over."""

    job_id: UUID
    dataset: str


class StalledJob(NamedTuple):
    """A job that no step has worked on for a while, with the queue of the message it needs."""

    job_id: UUID
    queue: Literal["landed", "chunks", "merges", "pending", "reverts"]
    """`pending`, `reverts`: the queue `merges`, for its pending records or its revert."""
    chunks: list[int]
    """The chunks that are not staged, in order."""
    bucket: str | None
    key: str | None
    version_id: str | None
    sequencer: str
    etag: str | None
    size_bytes: int | None
    landed_at: datetime | None


class ExpiringObject(NamedTuple):
    """An object version that may hold an erased person."""

    object_id: UUID
    bucket: str
    key: str
    version_id: str | None


class Reaper(Repository):
    """The reaper's look at everything; connects as the role of the loaders."""

    def overdue_uploads(self) -> list[OverdueUpload]:
        """Uploads that have expired, oldest first."""
        return self._rows(OverdueUpload, "overdue_uploads")

    def expire_uploads(self, job_ids: Sequence[UUID]) -> int:
        """End those of the jobs that still await their file; their number."""
        return self._value(int, "expire_uploads", p_jobs=list(job_ids))

    def end_stalled_copies(self, minutes: int) -> int:
        """End COPYs without progress for so many minutes; their number."""
        return self._value(int, "end_stalled_copies", p_minutes=minutes)

    def abandon_runs(self) -> int:
        """Mark the runs of killed attempts as ended; their number."""
        return self._value(int, "abandon_runs")

    def drop_orphan_stages(self) -> int:
        """Drop staging tables of jobs that have ended. Returns their number."""
        return self._value(int, "drop_orphan_stages")

    def purge_expired(self) -> int:
        """Delete published events and kept responses that are past their time; their number."""
        return self._value(int, "purge_expired")

    def stalled_jobs(self, minutes: int) -> list[StalledJob]:
        """Jobs that no step has worked on for so many minutes, in the order they landed."""
        return self._rows(StalledJob, "stalled_jobs", p_minutes=minutes)

    def record_redrives(self, job_ids: Sequence[UUID]) -> None:
        """Record that the jobs' messages were sent again, so that the next time comes later."""
        self._do("record_redrives", p_jobs=list(job_ids))

    def give_up(self) -> list[UUID]:
        """Fail the jobs that were sent again for a day without progress; their ids."""
        jobs: list[UUID] = self._values(lambda job: job, "give_up")
        return jobs

    def objects_to_expire(self) -> list[ExpiringObject]:
        """Up to 1,000 objects that may hold an erased person and are not marked yet."""
        return self._rows(ExpiringObject, "objects_to_expire")

    def record_expiring(self, objects: Sequence[UUID]) -> None:
        """Record that these objects are marked, or were missing."""
        self._do("record_expiring", p_objects=list(objects))

    def objects_left_to_expire(self) -> bool:
        """Whether any is not marked yet, those of open jobs included."""
        return self._value(bool, "objects_left_to_expire")
