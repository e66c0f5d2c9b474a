"""Wake-up markers: without any, the schedules do not wake a paused database.

A marker is put when an object is registered and before every merge, so that it exists whatever
happens after the commit. `refresh`, `publish` and `reap` list the markers before they connect.
Only `refresh` deletes them: those it listed before it began, of jobs that have ended, are in the
views and are published. Each marker has its own key, `markers/{marker_id}/{job_id}`, so a new one
is never deleted in place of an old one of the same job.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import delete_objects, storage_reached
from waybill.ids import new_id

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "markers/"


class WakeUpMarkers:
    """Markers of jobs with work left. Every method raises `Unavailable` when S3 fails."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, subject: UUID | str) -> None:
        """Let the schedules query the database until this job is settled.

        `subject` may also be another reason to refresh, such as `migrate`.
        """
        with storage_reached():
            self._s3.put_object(Bucket=self._bucket, Key=f"{_PREFIX}{new_id()}/{subject}", Body=b"")

    def list(self) -> list[str]:
        """The keys of all markers."""
        with storage_reached():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=_PREFIX
            )
            return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def delete(self, keys: Sequence[str]) -> None:
        """Delete these markers; missing ones are ignored."""
        delete_objects(self._s3, self._bucket, keys)


def job_of_marker(key: str) -> UUID | None:
    """The job of a marker; None for one that names another reason."""
    with suppress(ValueError):
        return UUID(key.rpartition("/")[2])
    return None
