"""Writes copies of objects to the landing bucket; one that is there stays as it is."""

from collections.abc import Sequence
from os.path import commonpath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.pipeline.extract.deps import Deps
from waybill import telemetry
from waybill.clients import code_of, object_exists, storage_reached

_PART_BYTES = 64 * 1024**2
# To ask for a thousand copies one by one takes as long.
_MOST_PAGES = 100
_EXISTS = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")


def copy_exists(deps: Deps, key: str) -> bool:
    """Whether the landing bucket has an object with this key."""
    return object_exists(deps.s3, deps.settings.landing_bucket, key)


def present_copies(deps: Deps, targets: Sequence[str]) -> set[str]:
    """Which of these keys the landing bucket has.

    They are listed, a thousand per call, and not asked for one by one: most were copied by earlier
    runs. Those of one page of a source are near each other, unless copies of many objects that the
    source has no more lie between them: then the last are asked for.

    Raises:
        Unavailable: `storage-unavailable`.
    """
    if not targets:
        return set()
    first, last = min(targets), max(targets)
    pages = deps.s3.get_paginator("list_objects_v2").paginate(
        Bucket=deps.settings.landing_bucket,
        Prefix=commonpath([first, last]),
        # The listing begins behind it, and it sorts before every key of its folder.
        StartAfter=f"{first.rpartition('/')[0]}/",
    )
    present: set[str] = set()
    with storage_reached():
        for number, page in enumerate(pages, start=1):
            keys = [one["Key"] for one in page.get("Contents", [])]
            present.update(set(targets).intersection(keys))
            if keys and keys[-1].encode() >= last.encode():
                break
            if keys and number == _MOST_PAGES:
                present.update(one for one in targets if one > keys[-1] and copy_exists(deps, one))
                break
    return present


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
    """Write the object in parts, unless another attempt has. Parts of a failed one are deleted."""
    bucket = deps.settings.landing_bucket
    with storage_reached():
        upload = deps.s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    try:
        with storage_reached():
            parts = _put_parts(deps, key, upload, body)
            deps.s3.complete_multipart_upload(
                Bucket=bucket,
                Key=key,
                UploadId=upload,
                MultipartUpload={"Parts": parts},
                IfNoneMatch="*",
            )
    except BaseException as error:
        _abort(deps, key, upload)
        if not (isinstance(error, ClientError) and code_of(error) in _EXISTS):
            raise


def _put_parts(deps: Deps, key: str, upload: str, body: Any) -> list[Any]:  # noqa: ANN401 - boto3's stream
    parts: list[Any] = []
    while piece := body.read(_PART_BYTES):
        number = len(parts) + 1
        stored = deps.s3.upload_part(
            Bucket=deps.settings.landing_bucket,
            Key=key,
            UploadId=upload,
            PartNumber=number,
            Body=piece,
        )
        parts.append({"PartNumber": number, "ETag": stored["ETag"]})
    return parts


def _abort(deps: Deps, key: str, upload: str) -> None:
    """Delete the parts; those of a killed run are deleted by the bucket's lifecycle rule."""
    try:
        deps.s3.abort_multipart_upload(
            Bucket=deps.settings.landing_bucket, Key=key, UploadId=upload
        )
    except (BotoCoreError, ClientError) as error:
        telemetry.action("upload.unaborted", level="warning", key=key, detail=str(error))
