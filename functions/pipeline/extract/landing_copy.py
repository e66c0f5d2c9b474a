"""Writes copies of objects to the landing bucket; one that is there stays as it is."""

from typing import Any

from botocore.exceptions import ClientError

from functions.pipeline.extract.deps import Deps
from waybill import telemetry
from waybill.clients import code_of, object_exists, storage_reached

_PART_BYTES = 64 * 1024**2
_EXISTS = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


def copy_exists(deps: Deps, key: str) -> bool:
    """Whether the landing bucket has an object with this key."""
    return object_exists(deps.s3, deps.settings.landing_bucket, key)


def write_copy(deps: Deps, target: str, found: Any) -> None:  # noqa: ANN401 - boto3's response
    """Write the copy.

    Its bytes pass through the function: reading and writing are permitted separately, and the
    source need not know the landing bucket.
    """
    if found["ContentLength"] <= _PART_BYTES:
        _put_once(deps, target, found["Body"].read())
    else:
        _put_in_parts(deps, target, found["Body"])
    telemetry.action("object.copied", key=target)


def _put_once(deps: Deps, key: str, body: bytes) -> None:
    """Write the object, unless another attempt has: a second version would be a second job."""
    try:
        with storage_reached():
            deps.s3.put_object(
                Bucket=deps.settings.landing_bucket, Key=key, Body=body, IfNoneMatch="*"
            )
    except ClientError as error:
        if code_of(error) not in _EXISTS:
            raise


def _put_in_parts(deps: Deps, key: str, body: Any) -> None:  # noqa: ANN401 - boto3's stream
    bucket = deps.settings.landing_bucket
    with storage_reached():
        upload = deps.s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        parts: list[Any] = []
        while piece := body.read(_PART_BYTES):
            number = len(parts) + 1
            stored = deps.s3.upload_part(
                Bucket=bucket, Key=key, UploadId=upload, PartNumber=number, Body=piece
            )
            parts.append({"PartNumber": number, "ETag": stored["ETag"]})
    try:
        with storage_reached():
            deps.s3.complete_multipart_upload(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
                IfNoneMatch="*",
            )
    except ClientError as error:
        if code_of(error) not in _EXISTS:
            raise
