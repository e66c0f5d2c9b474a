"""Upload deadlines, `deadlines/{time}/{job_id}`: when a requested upload expires.

After an erasure there is `deadlines/{time}/erasure`: when objects are to be marked to expire.

A deadline is put when the request is registered and deleted when its object has been registered.
The keys sort by time, so one request shows whether any has passed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import storage_reached
from waybill.object_deletion import delete_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "deadlines/"
_ERASURE = "erasure"
_TIME = "%Y%m%dT%H%M%SZ"


class UploadDeadlines:
    """The upload deadlines. Every method raises `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, expires_at: datetime, job_id: UUID) -> None:
        """Let the upload expire at `expires_at` unless its object arrives."""
        with storage_reached():
            self._s3.put_object(Bucket=self._bucket, Key=_key(expires_at, job_id), Body=b"")

    def put_erasure(self, due_at: datetime) -> None:
        """Let objects that may hold an erased person be marked soon after `due_at`."""
        with storage_reached():
            self._s3.put_object(Bucket=self._bucket, Key=_key(due_at, _ERASURE), Body=b"")

    def delete(self, expires_at: datetime, job_id: UUID) -> None:
        """Remove the deadline of an upload whose object has arrived; a missing one is ignored."""
        with storage_reached():
            self._s3.delete_object(Bucket=self._bucket, Key=_key(expires_at, job_id))

    def delete_keys(self, keys: Sequence[str]) -> None:
        """Remove deadlines by their keys, as `passed` lists them."""
        delete_objects(self._s3, self._bucket, keys)

    def passed(self, now: datetime) -> list[str]:
        """The keys of the deadlines before `now`, earliest first, at most 1,000."""
        end = f"{_PREFIX}{now.astimezone(UTC):{_TIME}}/"
        with storage_reached():
            page = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=_PREFIX)
        return [entry["Key"] for entry in page.get("Contents", []) if entry["Key"] < end]


def _key(expires_at: datetime, job_id: UUID | str) -> str:
    return f"{_PREFIX}{expires_at.astimezone(UTC):{_TIME}}/{job_id}"


def job_of_deadline(key: str) -> UUID:
    """The job of an upload's deadline."""
    return UUID(key.rpartition("/")[2])


def is_erasure(key: str) -> bool:
    """Whether a deadline is that of an erasure."""
    return key.rpartition("/")[2] == _ERASURE
