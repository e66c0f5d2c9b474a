"""When announced uploads are over, kept where the database is not needed.

`due/{time}/{job_id}` in the state bucket, put when an upload is awaited and taken away when its
file has landed. The keys sort by time, so that one look at the first of them tells whether the
database must be asked.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import storage_reached

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "due/"
_TIME = "%Y%m%dT%H%M%SZ"


def _key(expires_at: datetime, job_id: UUID) -> str:
    return f"{_PREFIX}{expires_at.astimezone(UTC):{_TIME}}/{job_id}"


def put_deadline(s3: "S3Client", bucket: str, expires_at: datetime, job_id: UUID) -> None:
    """Say that this upload is over at `expires_at`, unless its file comes.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        s3.put_object(Bucket=bucket, Key=_key(expires_at, job_id), Body=b"")


def drop_due(s3: "S3Client", bucket: str, expires_at: datetime, job_id: UUID) -> None:
    """Forget it, since the file has come; what is not there does not matter.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        s3.delete_object(Bucket=bucket, Key=_key(expires_at, job_id))


def list_due(s3: "S3Client", bucket: str, now: datetime) -> list[str]:
    """The keys of what is over by `now`, earliest first, a thousand at most.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    end = f"{_PREFIX}{now.astimezone(UTC):{_TIME}}/"
    with storage_reached():
        page = s3.list_objects_v2(Bucket=bucket, Prefix=_PREFIX)
    return [found["Key"] for found in page.get("Contents", []) if found["Key"] < end]


def job_of_due(key: str) -> UUID:
    """The job that a key of `list_due` is of."""
    return UUID(key.rpartition("/")[2])
