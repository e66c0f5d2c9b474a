"""Files of archived partitions, `lake/dataset=…/year=…/`: every file in a folder counts."""

from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import ClientError

from waybill.clients import delete_objects, storage_reached
from waybill.state.verified_read import missing_file, read_verified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "lake/"


class LakeFiles:
    """Files in the state bucket. Methods raise `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def copy(self, key: str, lake_key: str) -> None:
        """Copy a file of the state bucket into the lake.

        Raises:
            FileMissing: there is none.
        """
        try:
            with storage_reached():
                self._s3.copy_object(
                    Bucket=self._bucket,
                    Key=lake_key,
                    CopySource={"Bucket": self._bucket, "Key": key},
                )
        except ClientError as error:
            raise missing_file(error, key) from error

    def read(self, key: str, sha256: str, file: BinaryIO) -> None:
        """Read a file into `file`; raises like `read_verified`."""
        read_verified(self._s3, self._bucket, key, sha256, file)

    def clear(self, folder: str, keep: frozenset[str] = frozenset()) -> None:
        """Delete all files of a folder of the lake but these.

        Raises:
            ValueError: the folder is not in the lake.
        """
        if not folder.startswith(_PREFIX):
            raise ValueError(folder)
        with storage_reached():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=folder
            )
            found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        delete_objects(self._s3, self._bucket, [key for key in found if key not in keep])
