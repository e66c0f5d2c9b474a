"""Deletion of objects of the state bucket with all their versions, by who asks which may stay."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import storage_reached
from waybill.errors import Retryable
from waybill.landing.object_versions import ObjectVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

# S3 deletes no more by a request.
_AT_ONCE = 1000
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
    while page := list(islice(listed, _AT_ONCE)):
        ids = [_id_of(version) for version in page]
        times = written_before(sorted(set(filter(None, ids))))
        due = [
            version
            for version, found in zip(page, ids, strict=True)
            if found is not None and found in times and version.written_at < times[found]
        ]
        delete_versions(s3, bucket, due)
        deleted += len(due)
    return deleted


def delete_versions(s3: "S3Client", bucket: str, versions: Sequence[ObjectVersion]) -> None:
    """Delete at most 1,000 versions of objects, for good.

    Raises:
        Unavailable: `storage-unavailable`.
        Retryable: `storage-error`, S3 did not delete one.
    """
    if not versions:
        return
    objects: list[ObjectIdentifierTypeDef] = [
        {"Key": version.ref.key, "VersionId": version.ref.version_id or "null"}
        for version in versions
    ]
    with storage_reached():
        response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    if errors := response.get("Errors"):
        raise Retryable("storage-error", f"{len(errors)} versions: {errors[0].get('Code')}")


def _id_of(version: ObjectVersion) -> UUID | None:
    """The id in a key; None if it has none."""
    kind, _, rest = version.ref.key.partition("/")
    name, _, file = rest.partition("/")
    try:
        return UUID(name) if kind and file else None
    except ValueError:
        return None
