"""Exports, `exports/{job_id}/{id}.csv`: rejects that are too large for a response."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from boto3.s3.transfer import TransferConfig

from waybill.block_file import BlockFile
from waybill.clients import storage_reached
from waybill.ids import new_id
from waybill.landing.object_versions import list_versions
from waybill.state.deletion import WrittenBefore, delete_written_before

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "exports/"
_CSV = "text/csv; charset=utf-8"
_URL_SECONDS = 900
_SEQUENTIAL = TransferConfig(use_threads=False, multipart_chunksize=8 * 1024**2)


class Exports:
    """CSV files to download. Every method raises `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, job_id: UUID, blocks: Iterator[bytes]) -> str:
        """Write an export of a job in constant memory.

        Returns:
            A URL that downloads it as `rejects-{job_id}.csv`, for 15 minutes.
        """
        # A key of its own: two exports of a job at once must not overwrite each other.
        key = f"{_PREFIX}{job_id}/{new_id()}.csv"
        with storage_reached():
            self._s3.upload_fileobj(
                io.BufferedReader(BlockFile(blocks)),
                self._bucket,
                key,
                ExtraArgs={"ContentType": _CSV},
                Config=_SEQUENTIAL,
            )
        attachment = f'attachment; filename="rejects-{job_id}.csv"'
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": attachment,
            },
            ExpiresIn=_URL_SECONDS,
        )

    def delete(self, written_before: WrittenBefore) -> int:
        """Delete files of exports, those of datasets too; the number of versions."""
        versions = list_versions(self._s3, self._bucket, _PREFIX)
        return delete_written_before(self._s3, self._bucket, versions, written_before)
