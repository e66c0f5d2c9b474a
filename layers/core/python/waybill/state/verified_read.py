"""Reads a file of the state bucket whose content is known by its hash."""

import hashlib
from typing import TYPE_CHECKING, BinaryIO

from botocore.exceptions import ClientError

from waybill.clients import code_of, storage_reached
from waybill.errors import Rejected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_READ_BYTES = 1024 * 1024


class FileMissing(Rejected):
    """There is no such file, or not any more."""


def read_verified(s3: "S3Client", bucket: str, key: str, sha256: str, file: BinaryIO) -> None:
    """Read an object into `file`, and go to its beginning.

    Raises:
        FileMissing: there is none.
        Rejected: `lake-refused`, its content is another.
        Unavailable: S3 cannot be reached.
    """
    digest = hashlib.sha256()
    try:
        with storage_reached():
            body = s3.get_object(Bucket=bucket, Key=key)["Body"]
            while data := body.read(_READ_BYTES):
                digest.update(data)
                file.write(data)
    except ClientError as error:
        raise missing_file(error, key) from error
    if digest.hexdigest() != sha256:
        raise Rejected("lake-refused", f"The content of {key} is not what was written.")
    file.seek(0)


def missing_file(error: ClientError, key: str) -> Exception:
    """What an error response means; S3 responds 403 where listing is limited to a prefix."""
    if code_of(error) in ("NoSuchKey", "404", "403", "AccessDenied"):
        return FileMissing("lake-refused", f"There is no file {key}.")
    return error
