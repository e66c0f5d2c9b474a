"""The audit log: who did what, when, and from where."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository

PersonalRecords = Literal["documents", "lookups", "pending", "rejects", "rows"]
"""Where personal values were read."""


class LoggedEntry(NamedTuple):
    """An entry as it is kept."""

    occurred_at: datetime
    audit_id: UUID
    action: str
    actor: str | None
    source: str | None
    dataset: str | None
    job_id: UUID | None
    detail: dict[str, Any]


class Audit(Repository):
    """The audit log."""

    def record_read(self, job_id: UUID, records: str) -> None:
        """Record that the session's caller reads `rejects` or `pending` records of the job."""
        self._do("audit_read", p_job=job_id, p_records=records)

    def record_personal_read(
        self, dataset: str, records: PersonalRecords, job_id: UUID | None = None
    ) -> None:
        """Record that the session's caller reads personal values of the dataset."""
        self._do("audit_personal_read", p_dataset=dataset, p_records=records, p_job=job_id)

    def add(self, entries: Sequence[Mapping[str, object]]) -> int:
        """Add entries of functions without a connection; how many were not there yet."""
        return self._value(int, "import_audit", p_entries=jsonb(list(entries)))

    def maintain(self) -> int:
        """Make partitions ahead, and drop those of more than a year ago; how many."""
        return self._value(int, "keep_audit_logs")

    def list_page(
        self,
        *,
        action: str | None,
        actor: str | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[LoggedEntry]:
        """Entries, newest first, before the one with this time and id."""
        at, audit_id = before or (None, None)
        return self._select(
            LoggedEntry,
            "audit.list_entries",
            action=action,
            actor=actor,
            before=at,
            before_id=audit_id,
            rows=limit,
        )
