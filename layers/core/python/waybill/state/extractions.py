"""Runs of sources, `extractions/{job_id}.json`, and the bytes that are too few for a part.

A run may be worked on twice at a time, since any message may be delivered twice. Each change of
its state names the version that it was made from, so the first one wins and the other stops.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from botocore.exceptions import ClientError

from waybill.clients import CONFLICTS, code_of, find_object, read_object, storage_reached
from waybill.errors import Rejected
from waybill.landing.object_versions import list_versions
from waybill.sources.extraction import Extraction
from waybill.state.deletion import WrittenBefore, delete_written_before

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "extractions/"
# A run that reads is changed every few seconds.
_CANCELLATIONS = 5


class Extractions:
    """The runs of the sources. Every method raises `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def create(self, extraction: Extraction) -> None:
        """Write the state of a new run, unless it has begun: it would read everything again."""
        try:
            with storage_reached():
                self._s3.put_object(
                    Bucket=self._bucket,
                    Key=_key(extraction.job_id),
                    Body=extraction.model_dump_json().encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
        except ClientError as error:
            if code_of(error) not in CONFLICTS:
                raise

    def find(self, job_id: UUID) -> tuple[Extraction, str] | None:
        """The run and the version of its state; None if there is no such run."""
        found = find_object(self._s3, self._bucket, _key(job_id))
        return None if found is None else (Extraction.model_validate_json(found[0]), found[1])

    def change(self, extraction: Extraction, version: str) -> str:
        """Write the state that was made from `version`; the new version.

        Raises:
            Rejected: `extraction-superseded`, somebody else has changed it.
        """
        try:
            with storage_reached():
                written = self._s3.put_object(
                    Bucket=self._bucket,
                    Key=_key(extraction.job_id),
                    Body=extraction.model_dump_json().encode(),
                    ContentType="application/json",
                    IfMatch=version,
                )
        except ClientError as error:
            if code_of(error) in CONFLICTS:
                raise _superseded() from error
            raise
        return written["ETag"]

    def check_current(self, job_id: UUID, version: str) -> None:
        """Check that the state is still of this version.

        Raises:
            Rejected: `extraction-superseded`, somebody else has changed it.
        """
        with storage_reached():
            found = self._s3.head_object(Bucket=self._bucket, Key=_key(job_id))
        if found["ETag"] != version:
            raise _superseded()

    def cancel(self, job_id: UUID) -> None:
        """Cancel a run that reads; one that has ended, or has read everything, stays as it is.

        Raises:
            Rejected: `extraction-superseded`, the run changes again and again; safe to repeat.
        """
        for tries_left in reversed(range(_CANCELLATIONS)):
            found = self.find(job_id)
            if found is None or found[0].has_ended or found[0].is_read:
                return
            try:
                self.change(found[0].model_copy(update={"is_cancelled": True}), found[1])
            except Rejected:
                if not tries_left:
                    raise
            else:
                return

    def keep_carry(self, job_id: UUID, name: str, content: bytes) -> str:
        """Keep bytes that are too few for a part; their key."""
        key = f"{_PREFIX}{job_id}/{name}"
        with storage_reached():
            self._s3.put_object(Bucket=self._bucket, Key=key, Body=content)
        return key

    def carry(self, key: str) -> bytes:
        """The bytes that were kept under this key.

        Raises:
            Rejected: `extraction-lost`, they are gone.
        """
        content = read_object(self._s3, self._bucket, key)
        if content is None:
            raise Rejected("extraction-lost", "The state of the run is gone.")
        return content

    def delete_carries(self, written_before: WrittenBefore) -> int:
        """Delete bytes that were kept for runs; the number of versions."""
        versions = list_versions(self._s3, self._bucket, _PREFIX)
        return delete_written_before(self._s3, self._bucket, versions, written_before)


def _key(job_id: UUID) -> str:
    return f"{_PREFIX}{job_id}.json"


def _superseded() -> Rejected:
    return Rejected("extraction-superseded", "Somebody else has changed the run.")
