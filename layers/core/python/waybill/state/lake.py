"""Files of archived partitions, `lake/dataset=…/year=…/`: every file in a folder counts.

A name has the attempt that wrote the file. Attempts are never repeated, so an invocation that was
delayed deletes no file of a later one.
"""

import re
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import ClientError

from waybill.clients import storage_reached
from waybill.object_deletion import delete_objects
from waybill.state.verified_read import missing_file, read_verified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "lake/"
_NAME = re.compile(r"/part-\d{5,}-(\d+)\.parquet$")


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

    def clear(self, folder: str, attempt: int, keep: frozenset[str] = frozenset()) -> None:
        """Delete the files of a folder that this attempt, or one before it, wrote, but these.

        Files that others have put there stay.
        """
        with storage_reached():
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=folder
            )
            found = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        old = [key for key in found if key not in keep and _attempt_of(key, attempt + 1) <= attempt]
        delete_objects(self._s3, self._bucket, old)


def lake_key(folder: str, number: int, attempt: int) -> str:
    """The key of a file of a partition."""
    return f"{folder}part-{number:05}-{attempt}.parquet"


def _attempt_of(key: str, otherwise: int) -> int:
    """The attempt that wrote a file; `otherwise` for one that none did."""
    found = _NAME.search(key)
    return int(found[1]) if found else otherwise
