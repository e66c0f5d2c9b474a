"""Deletion of objects of the state bucket with all their versions, by who asks which may stay."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.landing.object_versions import ObjectVersion
from waybill.object_deletion import AT_ONCE, delete_versions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

WrittenBefore = Callable[[Sequence[UUID]], Mapping[UUID, datetime]]
"""Of these ids, those whose objects are to be deleted if they were written before the time."""


def delete_written_before(
    s3: "S3Client", bucket: str, versions: Iterable[ObjectVersion], written_before: WrittenBefore
) -> int:
    """Delete those of the versions, `{kind}/{id}/…`, that `written_before` names. Their number.

    Raises:
        Unavailable: `storage-unavailable`.
        Retryable: `storage-error`, S3 did not delete one.
    """
    deleted = 0
    listed = iter(versions)
    while page := list(islice(listed, AT_ONCE)):
        ids = [_id_of(version) for version in page]
        times = written_before(sorted(set(filter(None, ids))))
        due = [
            version.ref
            for version, found in zip(page, ids, strict=True)
            if found is not None and found in times and version.written_at < times[found]
        ]
        delete_versions(s3, bucket, due)
        deleted += len(due)
    return deleted


def _id_of(version: ObjectVersion) -> UUID | None:
    """The id in a key; None if it has none."""
    kind, _, rest = version.ref.key.partition("/")
    name, _, file = rest.partition("/")
    try:
        return UUID(name) if kind and file else None
    except ValueError:
        return None
