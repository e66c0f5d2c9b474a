"""The emulator's process: ministack, with four gaps filled that Waybill would meet.

Started by `emulator.py` as a script with `-P`, so that nothing of the project is importable in
it: the functions that it runs see their own packages and layers only, as on AWS.

* A read of a given version ignores `Range` and answers with the whole object. S3 answers 206.
* A ranged read of a kept object reads the whole file first. Here it maps it into memory.
* A batch call of SQS asks for a permission of its own; on AWS `sqs:SendMessage` is enough.
* Objects survive a restart, stacks do not: deployed anew, a stack takes over its kept buckets.
"""

import logging
import mmap
import os
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.services import s3
from ministack.services.cloudformation import provisioners

Loose = Any
"""A value whose shape is the emulator's own business."""
Answer = tuple[int, dict[str, str], bytes]
_get_object = s3._get_object  # noqa: SLF001 - see above; the version is pinned, a test watches
_read_body = s3._read_body  # noqa: SLF001
_part_wanted = ContextVar("part_wanted", default=False)
_log = logging.getLogger("waybill.emulator")


def _map(path: str) -> Loose:
    with open(path, "rb") as file:  # noqa: PTH123 - opened as the emulator does
        size = os.fstat(file.fileno()).st_size
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""


def read_body(bucket: str, key: str, record: dict[str, Any]) -> Loose:
    """The body; when only a part is wanted, mapped from its file: that costs what is sliced."""
    path = s3._object_disk_path(bucket, key)  # noqa: SLF001
    if not _part_wanted.get() or record.get("body") is not None or path is None:
        return _read_body(bucket, key, record)
    try:
        return _map(path)
    except OSError as error:
        _log.warning("kept object not read", extra={"key": key, "error": str(error)})
        return b""


def get_object(
    bucket: str, key: str, headers: Mapping[str, str], query: Mapping[str, Any] | None = None
) -> Answer:
    """`GetObject` that honours `Range` for a version as well as for the current object."""
    span = headers.get("range")
    before = _part_wanted.set(bool(span))
    try:
        status, answered, body = _get_object(bucket, key, headers, query)
    finally:
        _part_wanted.reset(before)
    if status != 200 or not span:
        return status, answered, body
    found = s3._parse_range(span, len(body))  # noqa: SLF001
    if found is None:
        return 416, {"Content-Range": f"bytes */{len(body)}"}, b""
    first, last = found
    part = body[first : last + 1]
    # A checksum of the whole would not fit the part.
    kept = {n: v for n, v in answered.items() if not n.lower().startswith("x-amz-checksum")}
    kept["Content-Length"] = str(len(part))
    kept["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
    return 206, kept, part


_create_bucket = provisioners._s3_create  # noqa: SLF001


def create_bucket(logical_id: str, properties: dict[str, Any], stack: str) -> Loose:
    """Create a stack's bucket, with the objects of a bucket of its name that was kept."""
    kept = s3._buckets.pop(properties.get("BucketName"), None)  # noqa: SLF001
    created = _create_bucket(logical_id, properties, stack)
    if kept:
        s3._buckets[created[0]]["objects"] = kept["objects"]  # noqa: SLF001
    return created


_action = iam_actions.extract_iam_action


def action(*asked: Loose, **more: Loose) -> Loose:
    """The permission that a request needs: a batch needs that of its single call."""
    needed = _action(*asked, **more)
    if isinstance(needed, str) and needed.startswith("sqs:"):
        return needed.removesuffix("Batch")
    return needed


def _fill_gaps() -> None:
    s3._get_object = get_object  # noqa: SLF001
    s3._read_body = read_body  # noqa: SLF001
    iam_actions.extract_iam_action = action
    provisioners.s3_bucket_name_conflict = lambda _name: None
    provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]["create"] = create_bucket  # noqa: SLF001


if __name__ == "__main__":
    _fill_gaps()
    app.main()
