"""Deletion of objects by key, or of versions of them; what S3 does not delete is an error."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from waybill.clients import storage_error, storage_reached
from waybill.landing.object_ref import ObjectRef

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

AT_ONCE = 1000
"""S3 deletes no more by a request."""


def delete_objects(s3: "S3Client", bucket: str, keys: Sequence[str]) -> None:
    """Delete objects; missing ones are ignored. Safe to repeat.

    Raises:
        Unavailable: `storage-unavailable`.
        Retryable: `storage-error`, S3 did not delete some; the others are deleted.
    """
    _delete(s3, bucket, [{"Key": key} for key in keys])


def delete_versions(s3: "S3Client", bucket: str, versions: Sequence[ObjectRef]) -> None:
    """Delete versions of objects, for good; missing ones are ignored. Safe to repeat.

    Raises:
        Unavailable: `storage-unavailable`.
        Retryable: `storage-error`, S3 did not delete some; the others are deleted.
    """
    # An object from before versioning was enabled has the version `null`.
    _delete(
        s3, bucket, [{"Key": each.key, "VersionId": each.version_id or "null"} for each in versions]
    )


def _delete(s3: "S3Client", bucket: str, doomed: "Sequence[ObjectIdentifierTypeDef]") -> None:
    refused: list[str] = []
    for first in range(0, len(doomed), AT_ONCE):
        objects = doomed[first : first + AT_ONCE]
        with storage_reached():
            response = s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
        # The response is 200 whatever became of each.
        refused += [error.get("Code", "unknown") for error in response.get("Errors", ())]
    if refused:
        # Keys are not shown: they may name a person.
        what = f"{len(refused)} of {len(doomed)} objects were not deleted"
        raise storage_error(what, set(refused))
