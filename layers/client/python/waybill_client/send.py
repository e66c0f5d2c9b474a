"""Sends a file to its presigned URL: as one form, or in parts."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from waybill_client.errors import UnreachableError, UploadRejectedError
from waybill_client.flows import FileRange, Flow, Request, send_part

HEAD_BYTES = 4 * 1024 * 1024
"""Of a file that the API sees as a sample."""
Progress = Callable[[int], None]
"""Called with the number of bytes sent since the last call."""


def ignore_progress(_sent: int) -> None:
    """Report no progress."""


def send_file(accepted: Mapping[str, Any], file: Path, progress: Progress) -> Flow:
    """Send `file` as described by `accepted`, the response of `POST /uploads/{dataset}`.

    Returns the parts for completing a multipart upload, else an empty list.

    Raises:
        UploadRejectedError: the storage rejected it.
        UnreachableError: the storage does not respond.
    """
    if accepted["method"] == "POST":
        yield from _send_form(accepted, file, progress)
        return []
    return (yield from _send_parts(accepted, file, progress))


def _send_form(accepted: Mapping[str, Any], file: Path, progress: Progress) -> Flow:
    # Not sent again: the storage may have it, and would have it twice.
    with file.open("rb") as source:
        form = {
            "data": accepted["fields"],
            "files": {"file": (file.name, _ProgressReader(source, progress))},
        }
        try:
            response = yield Request("POST", accepted["url"], form, to_storage=True)
        except httpx.TransportError as error:
            detail = str(error) or type(error).__name__
            raise UnreachableError(
                f"The upload of {file.name} was interrupted: {detail}"
            ) from error
    _check(response)


def _send_parts(accepted: Mapping[str, Any], file: Path, progress: Progress) -> Flow:
    size = file.stat().st_size
    sent = []
    for part in accepted["parts"]:
        begin = (part["number"] - 1) * accepted["part_size_bytes"]
        length = min(accepted["part_size_bytes"], size - begin)
        response = yield from send_part(part["url"], FileRange(file, begin, length))
        _check(response)
        progress(length)
        sent.append({"number": part["number"], "etag": response.headers["ETag"]})
    return sent


def _check(response: httpx.Response) -> None:
    if response.is_error:
        detail = response.text[:500]
        raise UploadRejectedError(
            f"The storage rejected the file ({response.status_code}): {detail}"
        )


class _ProgressReader(io.RawIOBase):
    """A file that reports how much of it was read."""

    def __init__(self, source: BinaryIO, progress: Progress) -> None:
        self._opened = source
        self._progress = progress

    def read(self, size: int = -1) -> bytes:
        block = self._opened.read(size)
        self._progress(len(block))
        return block

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._opened.seek(offset, whence)

    def tell(self) -> int:
        return self._opened.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def read_head(file: Path) -> tuple[bytes, bool]:
    """The first 4 MiB of a file, and whether they are all of it."""
    with file.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
        return head, not stream.read(1)
