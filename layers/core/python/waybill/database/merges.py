"""The merge of a job, and the records that wait for their parents."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository


class MergeResult(NamedTuple):
    """How a call of `merge_job`, `resolve_pending` or `revert_step` ended."""

    outcome: Literal["merged", "ended", "waiting", "restage"]
    state: str | None
    dataset: str | None
    chunks: Sequence[int]
    """Chunks of this job to stage again, because a crash of the server emptied its table."""
    unblocked: Sequence[UUID]
    """Jobs that waited for this one."""
    pending: Sequence[UUID]
    """Jobs with pending records whose parents this one may have loaded."""
    waiting_for: Sequence[UUID]
    """Jobs that must end first; none when the job waits for its own plan."""
    restamping: Sequence[UUID]
    """Later jobs to stage again before this one may merge."""


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
        """Write the job's pending records whose parents exist now.

        Raises:
            Busy: another merge of the dataset is running.
        """
        self._limit_time(job_id)
        return self._result("resolve_pending", job_id)

    def reject_pending(self, job_id: UUID, message: str) -> MergeResult:
        """Reject all pending records of the job.

        Raises:
            Busy: they are being resolved.
        """
        result = self._row(MergeResult, "reject_pending", p_job=job_id, p_message=message)
        assert result is not None  # noqa: S101 - the routine returns one row
        return result

    def revert(self, job_id: UUID) -> MergeResult:
        """Take the load back in one call that outlives its caller; safe to call again.

        Of an archive it is all members, or none.

        Raises:
            Conflict: `not-revertible`, with what touched its rows since.
            Busy: a merge of the dataset is running.
        """
        self._limit_time(job_id)
        return self._result("revert_step", job_id)

    def refuse_revert(self, job_id: UUID, problem: Mapping[str, object]) -> MergeResult:
        """Keep the load, and store why.

        Raises:
            Busy: it is being reverted.
        """
        result = self._row(MergeResult, "refuse_revert", p_job=job_id, p_problem=jsonb(problem))
        assert result is not None  # noqa: S101 - the routine returns one row
        return result

    def unblocked_since(self, job_id: UUID) -> Sequence[UUID]:
        """Jobs that may merge now that the end of this one is committed, the next of each dataset.

        One that was staged during the commit is in no result.
        """
        return self._value(tuple, "unblocked_since", p_job=job_id)

    def unstaged_chunks(self, job_id: UUID) -> Sequence[int]:
        """The job's planned chunks that are not staged, in order."""
        return self._value(tuple, "unstaged_chunks", p_job=job_id)

    def _result(self, routine: str, job_id: UUID) -> MergeResult:
        result = self._row(MergeResult, routine, p_job=job_id)
        assert result is not None  # noqa: S101 - the routine returns one row
        return result

    def _limit_time(self, job_id: UUID) -> None:
        self._select_value("merge.limit_time", job_id=job_id)
