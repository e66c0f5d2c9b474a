"""Files of exports of datasets, `exports/{export_id}/…`, and those that go into the lake."""

from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from waybill.clients import storage_reached
from waybill.ids import new_id
from waybill.state.verified_read import read_verified
from waybill.tables.formats import MEDIA_TYPES, TableFormat

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "exports/"
_URL_SECONDS = 900


class DatasetExports:
    """Files of exports. Methods that write raise `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, export_id: UUID, file_format: TableFormat, body: BinaryIO) -> str:
        """Store a file under a key of its own; returns the key.

        Two deliveries of one message may write the same part: neither overwrites the other's.
        """
        key = f"{_PREFIX}{export_id}/{new_id()}.{file_format}"
        with storage_reached():
            self._s3.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=MEDIA_TYPES[file_format]
            )
        return key

    def read(self, key: str, sha256: str, file: BinaryIO) -> None:
        """Read a file back into `file`; raises like `read_verified`."""
        read_verified(self._s3, self._bucket, key, sha256, file)

    def url(self, key: str, filename: str) -> str:
        """A URL that downloads a file under this name, for 15 minutes."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
            },
            ExpiresIn=_URL_SECONDS,
        )
