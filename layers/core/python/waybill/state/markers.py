"""Wake-up markers: without any, the schedules do not wake a paused database.

A marker is put when an object is registered and before every merge, so that it exists whatever
happens after the commit. `refresh`, `publish` and `reap` list the markers before they connect.
Only `refresh` deletes them: those it listed before it began, of jobs that have ended, are in the
views and are published. Each marker has its own key, `markers/{marker_id}/{job_id}`, so a new one
is never deleted in place of an old one of the same job.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import UUID

from waybill.clients import storage_reached
from waybill.errors import Unavailable
from waybill.ids import new_id
from waybill.object_deletion import delete_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "markers/"
_WAIT_SECONDS = 3.0


class WakeUpMarkers:
    """Markers of jobs with work left. Every method raises `Unavailable` when S3 fails."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._threads = ThreadPoolExecutor(1, "markers")

    @contextmanager
    def putting(self, subject: UUID) -> Iterator["PendingMarker"]:
        """A marker that is put while other work goes on; the end waits for both."""
        marker = PendingMarker(lambda: self._threads.submit(self.put, subject))
        try:
            yield marker
        finally:
            marker.settle()

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


class PendingMarker:
    """A marker that is being put by another thread."""

    def __init__(self, submit: Callable[[], Future[None]]) -> None:
        self._submit = submit
        self._put: Future[None] | None = None

    def begin(self) -> None:
        """Begin to put it, once."""
        self._put = self._put or self._submit()

    def await_put(self) -> None:
        """Wait until it is there: call it before a commit.

        It waits for three seconds at most, since its caller holds locks.

        Raises:
            Unavailable: `storage-unavailable`, there is none.
        """
        self.begin()
        assert self._put  # noqa: S101 - begun
        try:
            self._put.result(_WAIT_SECONDS)
        except TimeoutError:
            raise Unavailable("storage-unavailable", "The storage is slow.") from None

    def settle(self) -> None:
        """Wait until the call is over: after its request it would freeze with the environment."""
        if self._put:
            wait([self._put])


def job_of_marker(key: str) -> UUID | None:
    """The job of a marker; None for one that names another reason."""
    with suppress(ValueError):
        return UUID(key.rpartition("/")[2])
    return None
