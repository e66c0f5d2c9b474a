"""Marks in the state bucket: "work is under way, or the database has news".

A mark is put when an object was registered, before its merge, so that it is there whatever
happens after the commit, and again after it. `refresh`, `publish` and `reap` look here first, and
leave a sleeping database asleep when there is none. Only `refresh` deletes marks: those that it
had listed before it began, and only of jobs that have ended, are in the views and are told.
Each mark has a key of its own, `marks/{its id}/{job_id}`, so a fresh one is never deleted for an
old one of the same job.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import storage_reached
from waybill.ids import new_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_PREFIX = "marks/"
# What one call of DeleteObjects takes.
_AT_ONCE = 1000


def put_marker(s3: "S3Client", bucket: str, about: UUID | str) -> None:
    """Say that this job is at work or has changed tables, or why else a look is due.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        s3.put_object(Bucket=bucket, Key=f"{_PREFIX}{new_id()}/{about}", Body=b"")


def list_markers(s3: "S3Client", bucket: str) -> list[str]:
    """The keys of all marks.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_PREFIX)
        return [found["Key"] for page in pages for found in page.get("Contents", [])]


def delete_markers(s3: "S3Client", bucket: str, keys: Sequence[str]) -> None:
    """Delete the marks of these keys; what is gone already does not matter.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    for first in range(0, len(keys), _AT_ONCE):
        doomed: list[ObjectIdentifierTypeDef] = [
            {"Key": key} for key in keys[first : first + _AT_ONCE]
        ]
        with storage_reached():
            s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
