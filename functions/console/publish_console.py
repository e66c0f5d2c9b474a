"""Make a bucket hold the console's files, and nothing else."""

import json
import mimetypes
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from waybill.clients import storage_reached
from waybill.object_deletion import delete_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_STATIC = Path(__file__).parent / "static"
_PAGE = "index.html"
# Browsers and CloudFront ask each time, with the ETag, so a deployment is seen at once.
_CACHE = "no-cache"


class ConsoleFile(NamedTuple):
    """A file by the key that it is served under."""

    key: str
    content: bytes

    @property
    def content_type(self) -> str:
        """With the character set of texts."""
        kind = mimetypes.guess_type(self.key)[0] or "application/octet-stream"
        return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def console_files(config: Mapping[str, str]) -> list[ConsoleFile]:
    """The files of `static/` and `config.json`; the page is the last one, after what it loads."""
    assets = [
        ConsoleFile(f"assets/{file.relative_to(_STATIC).as_posix()}", file.read_bytes())
        for file in sorted(_STATIC.rglob("*"))
        if file.is_file() and file.name != _PAGE
    ]
    settings = ConsoleFile("config.json", json.dumps(dict(config)).encode())
    return [*assets, settings, ConsoleFile(_PAGE, (_STATIC / _PAGE).read_bytes())]


def publish(s3: "S3Client", bucket: str, files: Iterable[ConsoleFile]) -> int:
    """Put the files, then delete every other object; returns how many were deleted.

    Raises:
        Unavailable: `storage-unavailable`.
        Retryable: `storage-error`, S3 did not delete one.
    """
    keys = set()
    for file in files:
        keys.add(file.key)
        with storage_reached():
            s3.put_object(
                Bucket=bucket,
                Key=file.key,
                Body=file.content,
                ContentType=file.content_type,
                CacheControl=_CACHE,
            )
    old = sorted(_keys(s3, bucket) - keys)
    delete_objects(s3, bucket, old)
    return len(old)


def _keys(s3: "S3Client", bucket: str) -> set[str]:
    with storage_reached():
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        return {one["Key"] for page in pages for one in page.get("Contents", [])}
