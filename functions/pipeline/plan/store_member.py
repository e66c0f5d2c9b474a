"""Stores a member of an archive as an object, in constant memory."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig

from waybill.block_file import BlockFile
from waybill.clients import storage_reached
from waybill.landing.object_ref import ObjectRef
from waybill.landing.objects import head_object

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PART_BYTES = 16 * 1024**2
_SEQUENTIAL = TransferConfig(
    use_threads=False, multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES
)


def store_member(s3: "S3Client", bucket: str, key: str, content: Iterator[bytes]) -> ObjectRef:
    """Write the content; the object. If reading the content fails, nothing is left.

    A repeated attempt writes another version of the same content.

    Raises:
        Rejected: what reading the content raises.
        Unavailable, Retryable: S3 cannot be reached.
    """
    file = io.BufferedReader(BlockFile(content), _PART_BYTES)
    with storage_reached():
        s3.upload_fileobj(file, bucket, key, Config=_SEQUENTIAL)
    return head_object(s3, bucket, key)[0]
