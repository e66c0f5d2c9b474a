"""The file of a run: gzip members in the parts of one multipart upload.

The upload becomes an object as a whole, once, and of the parts that the state of the run lists.
Each attempt has part numbers and keys of its own, so that one that was believed dead overwrites
nothing that a later one has recorded.
"""

import zlib
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from waybill.clients import code_of, object_exists, storage_reached
from waybill.errors import Rejected
from waybill.sources.extraction import Extraction, Part, Progress
from waybill.state.extractions import Extractions

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GZIP = 31
PARTS_PER_ATTEMPT = 40
_MAX_PARTS = 10_000  # of S3
MAX_ATTEMPTS = _MAX_PARTS // PARTS_PER_ATTEMPT


class LandingFile:
    """Collects records and uploads them in parts."""

    def __init__(
        self, s3: "S3Client", extractions: Extractions, extraction: Extraction, part_bytes: int
    ) -> None:
        self._s3 = s3
        self._extractions = extractions
        self._extraction = extraction
        self._part_bytes = part_bytes
        progress = extraction.progress
        self._parts = list(progress.parts)
        self._pending = extractions.carry(progress.carry) if progress.carry else b""
        self._next_part = (extraction.claim - 1) * PARTS_PER_ATTEMPT + 1
        self._last_part = extraction.claim * PARTS_PER_ATTEMPT
        self._carries = 0
        self._lines: list[bytes] = []
        self.unsaved_bytes = 0
        """Uncompressed bytes since the last save."""

    @property
    def is_full(self) -> bool:
        """Whether another attempt has to continue, with part numbers of its own."""
        # One is kept for the end of the file.
        return self._next_part >= self._last_part

    def add(self, records: list[str]) -> None:
        """Add records, each one line."""
        if not records:
            return
        content = "\n".join([*records, ""]).encode()
        self._lines.append(content)
        self.unsaved_bytes += len(content)

    def save(self, progress: Progress, *, is_last: bool) -> Progress:
        """Upload what is there; `progress` with the parts and with what is kept for a part.

        Raises:
            Rejected: `extraction-superseded`, the upload has been completed or aborted.
        """
        self._compress()
        if self._pending and (is_last or len(self._pending) >= self._part_bytes):
            self._upload()
        carry = None
        if self._pending:
            self._carries += 1
            name = f"{self._extraction.claim:04}-{self._carries:06}"
            carry = self._extractions.keep_carry(self._extraction.job_id, name, self._pending)
        self.unsaved_bytes = 0
        return progress.model_copy(update={"parts": tuple(self._parts), "carry": carry})

    def _compress(self) -> None:
        if self._lines:
            member = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
            self._pending += b"".join(map(member.compress, self._lines)) + member.flush()
            self._lines.clear()

    def _upload(self) -> None:
        number = self._next_part
        try:
            with storage_reached():
                stored = self._s3.upload_part(
                    Bucket=self._extraction.bucket,
                    Key=self._extraction.key,
                    UploadId=self._extraction.upload_id or "",
                    PartNumber=number,
                    Body=self._pending,
                )
        except ClientError as error:
            if code_of(error) == "NoSuchUpload":
                raise _superseded() from error
            raise
        self._parts.append(Part(number=number, etag=stored["ETag"], size_bytes=len(self._pending)))
        self._pending = b""
        self._next_part += 1


def begin_upload(s3: "S3Client", extraction: Extraction) -> str:
    """Begin the multipart upload; its id."""
    with storage_reached():
        return s3.create_multipart_upload(Bucket=extraction.bucket, Key=extraction.key)["UploadId"]


def complete_upload(s3: "S3Client", extraction: Extraction) -> None:
    """Make the parts an object, unless that was done before.

    Raises:
        Rejected: `extraction-lost`, the upload is gone and there is no object.
    """
    parts = [{"PartNumber": part.number, "ETag": part.etag} for part in extraction.progress.parts]
    try:
        with storage_reached():
            s3.complete_multipart_upload(
                Bucket=extraction.bucket,
                Key=extraction.key,
                UploadId=extraction.upload_id or "",
                MultipartUpload={"Parts": parts},  # type: ignore[typeddict-item]
            )
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":
            raise
        _check_object(s3, extraction)


def abort_upload(s3: "S3Client", extraction: Extraction) -> None:
    """Give up the upload; one that is gone is given up already."""
    if extraction.upload_id is None:
        return
    try:
        with storage_reached():
            s3.abort_multipart_upload(
                Bucket=extraction.bucket, Key=extraction.key, UploadId=extraction.upload_id
            )
    except ClientError as error:
        if code_of(error) != "NoSuchUpload":
            raise


def _check_object(s3: "S3Client", extraction: Extraction) -> None:
    """The upload ends once: a repeated attempt finds its object."""
    if not object_exists(s3, extraction.bucket, extraction.key):
        raise Rejected("extraction-lost", "The upload of the run is gone.")


def _superseded() -> Rejected:
    return Rejected("extraction-superseded", "Another attempt has ended the run.")
