"""The merge of a job, and the records that wait for their parents."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from waybill.database.repository import Repository


class ChunksToStage(BaseModel):
    """Chunks of a job that are to be staged again."""

    model_config = ConfigDict(frozen=True)

    job_id: UUID
    chunks: tuple[int, ...]


class MergeResult(BaseModel):
    """How a call of `merge_job` or `resolve_pending` ended."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    outcome: Literal["merged", "ended", "waiting", "restage"]
    state: str | None = None
    dataset: str | None = None
    waiting_for: Any = None
    """What has to end first."""
    unblocked: tuple[UUID, ...] = ()
    """Jobs that waited for this one."""
    pending: tuple[UUID, ...] = ()
    """Jobs with pending records whose parents this one may have brought."""
    chunks: tuple[int, ...] = ()
    """Of this job, when its staging table was emptied by a crash of the server."""
    reload: tuple[ChunksToStage, ...] = ()
    """Later jobs that must be staged again before this late one may merge."""


class Merges(Repository):
    """From the staging table to the table."""

    def merge(self, job_id: UUID) -> MergeResult:
        """Merge the job in one call that outlives its caller; safe to call again.

        Raises:
            Rejected: `unknown-job`, or the database refuses the file as a whole.
            Busy: another merge of the dataset is running.
        """
        self._limit_time(job_id)
        return self._result("merge_job", job_id)

    def resolve_pending(self, job_id: UUID) -> MergeResult:
        """Take in the job's pending records whose parents have come.

        Raises:
            Busy: another merge of the dataset is running.
        """
        self._limit_time(job_id)
        return self._result("resolve_pending", job_id)

    def _result(self, routine: str, job_id: UUID) -> MergeResult:
        result = self._row(MergeResult, routine, p_job=job_id)
        assert result is not None  # noqa: S101 - the routine returns one row
        return result

    def _limit_time(self, job_id: UUID) -> None:
        self._select_value("merge.limit_time", job_id=job_id)
