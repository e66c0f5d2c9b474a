"""The emulator's process: ministack, with two gaps of its S3 filled that the loader would meet.

Started by `emulator.py` as a script with `-P`, so that nothing of the project is importable in
it: the functions that it runs see their own packages and layers only, as on AWS.

* A read of a given version ignores `Range` and answers with the whole object. S3 answers 206.
* A ranged read of a kept object reads the whole file first. Here it maps it into memory.
"""

import logging
import mmap
import os
from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.services import s3

Answer = tuple[int, dict[str, str], bytes]
_get_object = s3._get_object  # noqa: SLF001 - see above; the version is pinned, a test watches
_read_body = s3._read_body  # noqa: SLF001
_log = logging.getLogger("waybill.emulator")


def _map(path: str) -> Any:
    with open(path, "rb") as file:  # noqa: PTH123 - opened as the emulator does
        size = os.fstat(file.fileno()).st_size
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""


def read_body(bucket: str, key: str, record: dict[str, Any]) -> Any:
    """The body: from memory, or mapped from its file, which costs only what is sliced."""
    path = s3._object_disk_path(bucket, key)  # noqa: SLF001
    if record.get("body") is not None or path is None:
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
    status, answered, body = _get_object(bucket, key, headers, query)
    span = headers.get("range")
    if status != 200 or not span:
        return status, answered, body[:] if isinstance(body, mmap.mmap) else body
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


if __name__ == "__main__":
    s3._get_object = get_object  # noqa: SLF001
    s3._read_body = read_body  # noqa: SLF001
    app.main()
