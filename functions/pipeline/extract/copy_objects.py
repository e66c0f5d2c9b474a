"""Copies objects of another bucket to the landing bucket, each once.

The key of a copy has the object's key, and the hash of key and content: an object that was copied
is recognised by its copy, and a changed one is copied again.
"""

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.pipeline.extract.deps import Deps
from functions.pipeline.extract.end_run import report
from functions.pipeline.extract.landing_copy import copy_exists, present_copies, write_copy
from functions.pipeline.extract.source_error import SourceError
from waybill.clients import code_of, storage_reached
from waybill.landing.keys import PREFIX, filename_of
from waybill.sources.connections import S3Connection
from waybill.sources.definition import parse_connection
from waybill.sources.extraction import Extraction

if TYPE_CHECKING:
    from collections.abc import Callable

    from functions.pipeline.extract.run_extraction import Claimed

# With them a key has at most the 1,024 bytes that S3 permits.
_ORDERED_BYTES = 300
_ABSENT = ("404", "NoSuchKey", "AccessDenied", "403", "NoSuchBucket")


def copy_objects(deps: Deps, run: "Claimed", seconds_left: "Callable[[], float]") -> "Claimed":
    """Copy what is below the prefix and was not copied, until the time is over.

    Raises:
        SourceError: `refused`, the bucket cannot be read.
        Rejected: `extraction-superseded`.
    """
    connection = parse_connection(run.extraction.kind, run.extraction.connection)
    assert isinstance(connection, S3Connection)  # noqa: S101 - by the kind
    if connection.bucket in (deps.settings.landing_bucket, deps.settings.state_bucket):
        raise SourceError("refused", "The bucket is Waybill's own.")
    if run.extraction.object_key is not None:
        return _copy_one(deps, run, connection.bucket, run.extraction.object_key)
    while True:
        progress = run.extraction.progress
        page = _list(deps, connection, progress.position)
        found = [one for one in page.get("Contents", []) if _is_file(connection, one["Key"])]
        targets = [_target(run.extraction, one["Key"], one["ETag"], one["Size"]) for one in found]
        present = present_copies(deps, targets)
        for one, target in zip(found, targets, strict=True):
            if target not in present:
                _copy_listed(deps, run, connection.bucket, one["Key"], target)
            progress = progress.model_copy(
                update={"position": one["Key"], "objects": progress.objects + 1}
            )
            if seconds_left() < deps.settings.spare_seconds:
                return run.change(deps, progress=progress, failures=0)
        last = page.get("Contents", [])[-1]["Key"] if page.get("Contents") else None
        progress = progress.model_copy(update={"position": last})
        is_read = not page.get("IsTruncated")
        run = run.change(deps, progress=progress, is_read=is_read, failures=0)
        if is_read:
            return run


def _copy_one(deps: Deps, run: "Claimed", bucket: str, key: str) -> "Claimed":
    try:
        with storage_reached():
            size = deps.s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
    except ClientError as error:
        if code_of(error) not in _ABSENT:
            raise
        raise SourceError("refused", f"s3://{bucket}/{key} cannot be read.") from error
    run = run.change(deps, object_size=size)
    # Before the object, which the ticket gives its options and its creator.
    report(deps, run.extraction)
    if not copy_exists(deps, run.extraction.key):
        write_copy(deps, run.extraction.key, _get(deps, bucket, key))
    return run.change(deps, is_read=True)


def _is_file(connection: S3Connection, key: str) -> bool:
    return key.endswith(connection.suffix) and not key.endswith("/")


def _copy_listed(deps: Deps, run: "Claimed", bucket: str, key: str, target: str) -> None:
    """Copy an object of the list, whose copy was not there."""
    # Cancelled, or taken over: nothing more is copied.
    deps.state.extractions.check_current(run.extraction.job_id, run.version)
    found = _get(deps, bucket, key)
    # It may have been overwritten since it was listed. Under the name of the content that it had,
    # the next run would not recognise it, and copy it again.
    actual = _target(run.extraction, key, found["ETag"], found["ContentLength"])
    if actual == target or not copy_exists(deps, actual):
        write_copy(deps, actual, found)


def _target(extraction: Extraction, key: str, etag: str, size: int) -> str:
    """The key of the copy.

    Files of one second land in the order of their keys. That is to be the order of the objects'
    keys, which in hex stay in order: a slash sorts before every digit.
    """
    digest = hashlib.sha256(f"{key}\n{etag}\n{size}".encode()).hexdigest()[:32]
    order = key.encode()[:_ORDERED_BYTES].hex()
    place = f"{PREFIX}{extraction.dataset}/sources/{extraction.name}"
    return f"{place}/{order}/{digest}/{filename_of(key)}"


def _list(deps: Deps, connection: S3Connection, after: str | None) -> Any:  # noqa: ANN401 - boto3's page
    try:
        with storage_reached():
            return deps.s3.list_objects_v2(
                Bucket=connection.bucket, Prefix=connection.prefix, StartAfter=after or ""
            )
    except ClientError as error:
        if code_of(error) not in _ABSENT:
            raise
        detail = f"The bucket {connection.bucket} cannot be listed."
        raise SourceError("refused", detail) from error


def _get(deps: Deps, bucket: str, key: str) -> Any:  # noqa: ANN401 - boto3's response
    try:
        with storage_reached():
            return deps.s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in _ABSENT:
            raise
        raise SourceError("refused", f"s3://{bucket}/{key} cannot be read.") from error


def first_objects(deps: Deps, extraction: Extraction, count: int) -> list[dict[str, Any]]:
    """The first objects of the source, with key and size.

    Raises:
        SourceError: `refused`.
    """
    connection = parse_connection(extraction.kind, extraction.connection)
    assert isinstance(connection, S3Connection)  # noqa: S101 - by the kind
    listed = _list(deps, connection, None).get("Contents", [])
    found = [one for one in listed if _is_file(connection, one["Key"])]
    return [{"key": one["Key"], "size_bytes": one["Size"]} for one in found[:count]]
