"""Objects of the landing bucket, read by ranges and pinned to one version and one content.

What is pinned cannot change while it is read: another upload to the same key is another
version, and without versions the ETag no longer matches.
"""

import base64
import random
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, NotRequired, TypedDict

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from waybill import telemetry
from waybill.clients import code_of, storage_reached
from waybill.errors import Rejected, Retryable, Unavailable, WaybillError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_TRIES_WITHOUT_PROGRESS = 4
_PAUSE_SECONDS = 0.5
# 405 is the answer when the version asked for is a delete marker.
_GONE = ("404", "NoSuchKey", "NoSuchVersion", "405", "MethodNotAllowed")
_CHANGED = ("412", "PreconditionFailed", "416", "InvalidRange")


class ObjectRef(NamedTuple):
    """One version of one object; `version_id` is None in a bucket that keeps none."""

    bucket: str
    key: str
    version_id: str | None
    etag: str
    """Without the quotes that HTTP puts around it, as in S3's events."""
    size_bytes: int


class _Place(TypedDict):
    Bucket: str
    Key: str
    VersionId: NotRequired[str]


def _place(bucket: str, key: str, version_id: str | None) -> _Place:
    place: _Place = {"Bucket": bucket, "Key": key}
    if version_id is not None:
        place["VersionId"] = version_id
    return place


def _quoted(etag: str) -> str:
    return f'"{etag.strip(chr(34))}"'


def _judged(error: ClientError, key: str) -> WaybillError:
    code = code_of(error)
    if code in _GONE:
        return Rejected("object-gone", f"{key!r} is no longer there.")
    if code in _CHANGED:
        return Rejected("object-changed", f"{key!r} was overwritten while it was loaded.")
    return Retryable("storage-error", f"{key!r}: {code}")


def head_object(
    s3: "S3Client", bucket: str, key: str, version_id: str | None = None
) -> tuple[ObjectRef, datetime]:
    """The object as it is now, or the version of it; with the time it was last modified.

    Raises:
        Rejected: `object-gone`.
        Unavailable, Retryable: S3 cannot be reached or does not answer as it should.
    """
    try:
        with storage_reached():
            head = s3.head_object(**_place(bucket, key, version_id))
    except ClientError as error:
        raise _judged(error, key) from error
    # An emulator's events lack the version; the answer has it where the bucket keeps versions.
    version = version_id or head.get("VersionId")
    ref = ObjectRef(bucket, key, version, head["ETag"].strip('"'), head["ContentLength"])
    return ref, head["LastModified"]


def find_version(s3: "S3Client", bucket: str, key: str, etag: str) -> str | None:
    """The newest version of the key with this content; None if no version has it.

    Raises:
        Unavailable, Retryable: S3 cannot be reached or does not answer as it should.
    """
    try:
        with storage_reached():
            pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
            for found in (version for page in pages for version in page.get("Versions", [])):
                if found["Key"] == key and found["ETag"].strip('"') == etag:
                    return found["VersionId"]
    except ClientError as error:
        raise _judged(error, key) from error
    return None


def stored_sha256(s3: "S3Client", ref: ObjectRef) -> str | None:
    """SHA-256 of the whole object in hex as S3 checked it at upload; None if S3 has none.

    Raises:
        Rejected, Retryable: like `head_object`.
    """
    place = _place(ref.bucket, ref.key, ref.version_id)
    try:
        with storage_reached():
            head = s3.head_object(**place, IfMatch=_quoted(ref.etag), ChecksumMode="ENABLED")
    except ClientError as error:
        raise _judged(error, ref.key) from error
    checksum = head.get("ChecksumSHA256")
    # Of a multipart upload S3 keeps a hash of hashes ("…-3"), which says nothing of the whole.
    if not checksum or "-" in checksum or head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
        return None
    return base64.b64decode(checksum).hex()


def _read_from(s3: "S3Client", ref: ObjectRef, start: int, end: int, size: int) -> Iterator[bytes]:
    place = _place(ref.bucket, ref.key, ref.version_id)
    answer = s3.get_object(**place, IfMatch=_quoted(ref.etag), Range=f"bytes={start}-{end - 1}")
    with closing(answer["Body"]) as body:
        while block := body.read(size):
            yield block


def stream_range(
    s3: "S3Client", ref: ObjectRef, byte_from: int, byte_to: int, block_bytes: int
) -> Iterator[bytes]:
    """The bytes [byte_from, byte_to) in blocks of at most `block_bytes`.

    A connection that breaks is opened again at the byte reached.

    Raises:
        Rejected: `object-gone` or `object-changed`.
        Unavailable: S3 failed several times in a row without a byte in between.
        Retryable: S3 refused for a reason that is not the object's.
    """
    reached, tries = byte_from, 0
    while reached < byte_to:
        failure: Exception | None = None
        try:
            for block in _read_from(s3, ref, reached, byte_to, block_bytes):
                reached, tries = reached + len(block), 0
                yield block
        except (ClientError, BotoCoreError, HTTPError) as error:
            if isinstance(error, ClientError) and _status(error) < 500:
                raise _judged(error, ref.key) from error
            failure = error
        if reached < byte_to:
            tries += 1
            if tries >= _TRIES_WITHOUT_PROGRESS:
                detail = f"{ref.key!r} cannot be read from byte {reached}."
                raise Unavailable("storage-unavailable", detail) from failure
            telemetry.action("object.reread", level="warning", key=ref.key, byte=reached)
            time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**tries))  # noqa: S311 - jitter


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
