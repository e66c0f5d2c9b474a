"""Objects of the landing bucket, read by ranges and pinned to one version and one content.

A pinned object cannot change while it is read: another upload to the same key is another
version, and without versioning the ETag no longer matches.
"""

import base64
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential
from urllib3.exceptions import HTTPError

from waybill import telemetry
from waybill.clients import code_of, storage_error, storage_reached
from waybill.errors import Rejected, Unavailable, WaybillError
from waybill.landing.object_ref import ObjectRef

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client

# 405 is the response when the version is a delete marker.
_MISSING = ("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed")
_CHANGED = ("412", "PreconditionFailed", "416", "InvalidRange")
# Raised when a connection breaks, or when S3 itself fails.
_BROKEN = (ClientError, BotoCoreError, HTTPError)


class _VersionParameters(TypedDict):
    Bucket: str
    Key: str
    VersionId: NotRequired[str]


def _version_parameters(bucket: str, key: str, version_id: str | None) -> _VersionParameters:
    parameters: _VersionParameters = {"Bucket": bucket, "Key": key}
    if version_id is not None:
        parameters["VersionId"] = version_id
    return parameters


def _quoted(etag: str) -> str:
    return f'"{etag.strip(chr(34))}"'


def _classify(error: ClientError, key: str) -> WaybillError:
    code = code_of(error)
    if code in _MISSING:
        return Rejected("object-missing", f"{key!r} is no longer there.")
    if code in _CHANGED:
        return Rejected("object-changed", f"{key!r} was overwritten while it was loaded.")
    return storage_error(repr(key), {code})


def head_object(
    s3: "S3Client", bucket: str, key: str, version_id: str | None = None
) -> tuple[ObjectRef, datetime]:
    """The object as it is now, or the version of it; with the time it was last modified.

    Raises:
        Rejected: `object-missing`.
        Unavailable, Retryable: S3 cannot be reached or responds unexpectedly.
    """
    try:
        with storage_reached():
            head = s3.head_object(**_version_parameters(bucket, key, version_id))
    except ClientError as error:
        raise _classify(error, key) from error
    # The version in the response; an event of an emulator lacks it.
    version = version_id or head.get("VersionId")
    ref = ObjectRef(bucket, key, version, head["ETag"].strip('"'), head["ContentLength"])
    return ref, head["LastModified"]


def find_version(s3: "S3Client", bucket: str, key: str, etag: str) -> str | None:
    """The newest version of the key with this content; None if no version has it.

    Raises:
        Unavailable, Retryable: S3 cannot be reached or responds unexpectedly.
    """
    try:
        with storage_reached():
            pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
            for found in (version for page in pages for version in page.get("Versions", [])):
                if found["Key"] == key and found["ETag"].strip('"') == etag:
                    return found["VersionId"]
    except ClientError as error:
        raise _classify(error, key) from error
    return None


def stored_sha256(s3: "S3Client", ref: ObjectRef) -> str | None:
    """SHA-256 of the whole object in hex as S3 checked it at upload; None if S3 has none.

    Raises:
        Rejected, Retryable: like `head_object`.
    """
    version = _version_parameters(ref.bucket, ref.key, ref.version_id)
    try:
        with storage_reached():
            head = s3.head_object(**version, IfMatch=_quoted(ref.etag), ChecksumMode="ENABLED")
    except ClientError as error:
        raise _classify(error, ref.key) from error
    checksum = head.get("ChecksumSHA256")
    # For a multipart upload S3 stores a hash of hashes ("…-3"), not one of the whole object.
    if not checksum or "-" in checksum or head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
        return None
    return base64.b64decode(checksum).hex()


def stream_range(
    s3: "S3Client", ref: ObjectRef, byte_from: int, byte_to: int, block_bytes: int
) -> Iterator[bytes]:
    """The bytes [byte_from, byte_to) in blocks of at most `block_bytes`.

    A connection that breaks is opened again at the byte reached.

    Raises:
        Rejected: `object-missing` or `object-changed`.
        Unavailable: S3 failed several times in a row without a byte in between.
        Retryable: S3 refused for a reason that is not the object's.
    """
    reached = byte_from
    while reached < byte_to:
        try:
            body, block = _open_at(s3, ref, reached, byte_to, block_bytes)
        except _BROKEN as error:
            detail = f"{ref.key!r} cannot be read from byte {reached}."
            raise Unavailable("storage-unavailable", detail) from error
        with closing(body):
            while block:
                reached += len(block)
                yield block
                block = _next_block(body, block_bytes)


@retry(
    retry=retry_if_exception_type(_BROKEN),
    wait=wait_random_exponential(multiplier=0.5, max=8.0),
    stop=stop_after_attempt(4),
    reraise=True,
)
def _open_at(
    s3: "S3Client", ref: ObjectRef, start: int, end: int, block_bytes: int
) -> tuple["StreamingBody", bytes]:
    """A stream of the bytes [start, end), and its first block."""
    version = _version_parameters(ref.bucket, ref.key, ref.version_id)
    try:
        response = s3.get_object(
            **version, IfMatch=_quoted(ref.etag), Range=f"bytes={start}-{end - 1}"
        )
    except ClientError as error:
        if _status(error) >= 500:
            raise
        raise _classify(error, ref.key) from error
    body = response["Body"]
    block = body.read(block_bytes)
    if not block:
        raise IncompleteReadError(actual_bytes=0, expected_bytes=end - start)
    return body, block


def _next_block(body: "StreamingBody", block_bytes: int) -> bytes:
    """The next block; empty at the end, and where the connection broke."""
    try:
        return body.read(block_bytes)
    except _BROKEN as error:
        telemetry.action("object.reopened", level="warning", detail=str(error))
        return b""


class ObjectSource(NamedTuple):
    """The bytes of an object, read range by range."""

    s3: "S3Client"
    ref: ObjectRef

    @property
    def size(self) -> int:
        """Its number of bytes."""
        return self.ref.size_bytes

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length).

        Raises:
            Rejected, Unavailable, Retryable: as `stream_range`.
        """
        blocks = stream_range(self.s3, self.ref, offset, offset + length, max(length, 1))
        return b"".join(blocks)


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
