"""Audit entries of functions that have no connection: `audit/{audit_id}.json`.

Redrives, and tokens that were refused. The reaper adds them to the audit log.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from waybill.callers import Caller
from waybill.clients import read_object, storage_reached
from waybill.ids import new_id
from waybill.object_deletion import delete_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "audit/"
_MAX_CHARACTERS = 1000


class AuditEntry(BaseModel):
    """Who did what, when, and from where."""

    model_config = ConfigDict(frozen=True)

    audit_id: UUID
    occurred_at: datetime
    action: str
    actor: str | None
    source: str | None
    detail: Mapping[str, Any]

    @classmethod
    def of(cls, action: str, caller: Caller | None, **detail: object) -> Self:
        """An entry of now; without a caller nobody is known to have done it."""
        subject, source = caller or (None, None)
        return cls(
            audit_id=new_id(),
            occurred_at=datetime.now(UTC),
            action=action,
            actor=subject or None,
            source=source,
            detail={name: _safe(value) for name, value in detail.items()},
        )


def _safe(value: object) -> object:
    """A value as PostgreSQL can keep it: parts of a refused token are its sender's choice."""
    if not isinstance(value, str):
        return value
    return "".join(one if one.isprintable() else "?" for one in value[:_MAX_CHARACTERS])


class AuditEntries:
    """Entries that wait to be added. Every method raises `Unavailable` when S3 fails."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, entry: AuditEntry) -> None:
        """Keep the entry until it is added to the log."""
        with storage_reached():
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"{_PREFIX}{entry.audit_id}.json",
                Body=entry.model_dump_json().encode(),
                ContentType="application/json",
            )

    def keys(self) -> list[str]:
        """The keys of up to 1,000 entries, the oldest first."""
        with storage_reached():
            listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=_PREFIX)
        return [entry["Key"] for entry in listed.get("Contents", [])]

    def read(self, keys: Sequence[str]) -> list[dict[str, object]]:
        """The entries as JSON; those that are gone are left out."""
        bodies = [read_object(self._s3, self._bucket, key) for key in keys]
        return [
            AuditEntry.model_validate_json(body).model_dump(mode="json")
            for body in bodies
            if body is not None
        ]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete these entries; missing ones are ignored."""
        delete_objects(self._s3, self._bucket, keys)
