"""Rejects and pending records of a job, and the replay of corrected rejects."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from waybill.database.repository import Repository

Fields = dict[str, str | None]


class Reject(NamedTuple):
    """A refused record, with every reason."""

    reject_id: UUID
    line: int
    raw: bytes
    values: Fields | None
    errors: list[dict[str, Any]]
    found: int
    """Of the last of a page: more than those of the page, if it was cut for its length."""
    job_id: UUID | None = None
    """The job of the archive's member; None in a page of one job."""
    position: int = 0
    member: str | None = None


class RejectValues(NamedTuple):
    """What a reject holds, by column; None when nothing could be made of it."""

    reject_id: UUID
    values: Fields | None
    job_id: UUID | None = None
    """The job of the archive's member; None of one job."""
    position: int = 0


class Replay(NamedTuple):
    """Which rejects a replay corrects."""

    parent: UUID
    reject_ids: Sequence[UUID]
    members: Sequence[UUID] | None = None
    """Of an archive: the jobs of the rejects, in the order of the members of the replay."""


class PendingRecord(NamedTuple):
    """A valid record whose parent is not there yet, as the API shows it."""

    line: int
    document: str
    """JSON text."""


class Rejects(Repository):
    """Records that are not in the table."""

    def list_page(
        self,
        job_id: UUID,
        *,
        after: tuple[int, UUID] | None,
        limit: int,
        max_bytes: int,
        masked: bool,
    ) -> list[Reject]:
        """Rejects that remain, by line, after (line, id); cut where raw text passes `max_bytes`.

        With `masked` they have no personal values, and no text of records with personal columns.
        """
        line, reject_id = after or (None, None)
        return self._rows(
            Reject,
            "list_rejects",
            p_job=job_id,
            p_line=line,
            p_reject_id=reject_id,
            p_limit=limit,
            p_bytes=max_bytes,
            p_masked=masked,
        )

    def list_members_page(
        self,
        archive: UUID,
        *,
        after: tuple[int, int, UUID] | None,
        limit: int,
        max_bytes: int,
        masked: bool,
    ) -> list[Reject]:
        """As `list_page`, of all members of an archive, after (position, line, id)."""
        position, line, reject_id = after or (None, None, None)
        return self._rows(
            Reject,
            "list_member_rejects",
            p_archive=archive,
            p_position=position,
            p_line=line,
            p_reject_id=reject_id,
            p_limit=limit,
            p_bytes=max_bytes,
            p_masked=masked,
        )

    def values_of(self, job_id: UUID, reject_ids: Sequence[UUID]) -> dict[UUID, RejectValues]:
        """Those of the rejects that remain, by id."""
        rows = self._rows(RejectValues, "rejects_of", p_job=job_id, p_reject_ids=list(reject_ids))
        return {row.reject_id: row for row in rows}

    def values_of_members(
        self, archive: UUID, reject_ids: Sequence[UUID]
    ) -> dict[UUID, RejectValues]:
        """As `values_of`, of the members of an archive."""
        rows = self._rows(
            RejectValues, "rejects_of_members", p_archive=archive, p_reject_ids=list(reject_ids)
        )
        return {row.reject_id: row for row in rows}

    def register_replay(self, replay: Replay, job_id: UUID) -> None:
        """Register the job `job_id`, which loads the corrected rejects.

        Raises:
            Rejected: `unknown-job`, `not-replayable`.
        """
        ids = list(replay.reject_ids)
        if replay.members is None:
            self._do("register_replay", p_parent=replay.parent, p_job=job_id, p_reject_ids=ids)
        else:
            self._do(
                "register_archive_replay",
                p_archive=replay.parent,
                p_job=job_id,
                p_members=list(replay.members),
                p_reject_ids=ids,
            )

    def list_pending(
        self, job_id: UUID, *, after: int, limit: int, max_bytes: int, masked: bool
    ) -> list[PendingRecord]:
        """Records that wait for a parent, by line, after a line; at most one beyond `max_bytes`.

        With `masked` they have no personal values.
        """
        return self._rows(
            PendingRecord,
            "list_pending",
            p_job=job_id,
            p_after=after,
            p_limit=limit,
            p_bytes=max_bytes,
            p_masked=masked,
        )
