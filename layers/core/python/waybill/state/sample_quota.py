"""Samples that callers have begun, `samples/reserved/{caller}/{sample_id}.{bytes}`: so many a day.

A form counts when it is handed out, since it may be used until it expires.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from waybill.clients import storage_reached
from waybill.errors import TooMany
from waybill.state.sample_forms import hash_subject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "samples/reserved/"
"""Prefix of their keys."""
_DAY = timedelta(days=1)


class Quota(NamedTuple):
    """What a caller may begin within a day."""

    samples: int
    size_bytes: int


class Reservation(NamedTuple):
    """A sample that is about to be begun."""

    subject: str
    sample_id: UUID
    size_bytes: int


class _Reserved(NamedTuple):
    size_bytes: int
    made_at: datetime


def reserve_sample(s3: "S3Client", bucket: str, begun: Reservation, quota: Quota) -> None:
    """Reserve a sample for its caller.

    Raises:
        TooMany: `too-many-samples`.
        Unavailable: `storage-unavailable`.
    """
    folder = f"{PREFIX}{hash_subject(begun.subject)}/"
    others = list(_reserved(s3, bucket, folder))
    # Before anything is written: requests that are refused leave nothing.
    _check([*others, _Reserved(begun.size_bytes, datetime.now(UTC))], quota)
    key = f"{folder}{begun.sample_id}.{begun.size_bytes}"
    with storage_reached():
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    try:
        # Again, since of two requests at once neither has seen the other; now the later one does.
        _check(list(_reserved(s3, bucket, folder)), quota)
    except TooMany:
        with storage_reached():
            s3.delete_object(Bucket=bucket, Key=key)
        raise


def _check(reserved: list[_Reserved], quota: Quota) -> None:
    """Check what is reserved.

    Raises:
        TooMany: `too-many-samples`.
    """
    size_bytes = sum(each.size_bytes for each in reserved)
    if len(reserved) <= quota.samples and size_bytes <= quota.size_bytes:
        return
    oldest = min(each.made_at for each in reserved)
    wait = max(timedelta(seconds=1), oldest + _DAY - datetime.now(UTC))
    raise TooMany(
        "too-many-samples",
        f"A caller may begin {quota.samples} samples a day, of {quota.size_bytes} bytes in all.",
        retry_after_seconds=int(wait.total_seconds()),
    )


def _reserved(s3: "S3Client", bucket: str, folder: str) -> Iterator[_Reserved]:
    """What was reserved within a day; a rule of the bucket deletes what is older, once a day."""
    since = datetime.now(UTC) - _DAY
    with storage_reached():
        page = s3.list_objects_v2(Bucket=bucket, Prefix=folder)
    for entry in page.get("Contents", []):
        if entry["LastModified"] > since:
            yield _Reserved(int(entry["Key"].rpartition(".")[2]), entry["LastModified"])
