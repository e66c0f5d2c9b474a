"""Sends a file to its presigned URL: as one form, or in parts."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import httpx

from waybill_client.errors import UnreachableError, UploadRejectedError

Progress = Callable[[int], None]
"""Called with the number of bytes sent since the last call."""
_BLOCK = 1 << 18


def ignore_progress(_sent: int) -> None:
    """Report no progress."""


def send_file(
    storage: httpx.Client, accepted: dict[str, Any], file: Path, progress: Progress
) -> list[dict[str, Any]]:
    """Send `file` as described by `accepted`, the response of `POST /uploads/{dataset}`.

    Returns the parts for completing a multipart upload, else an empty list.

    Raises:
        UploadRejectedError: the storage rejected it.
        UnreachableError: the storage does not response.
    """
    try:
        with file.open("rb") as source:
            if accepted["method"] == "POST":
                _send_form(storage, accepted, source, progress)
                return []
            return _send_parts(storage, accepted, source, progress)
    except httpx.TransportError as error:
        raise UnreachableError(f"The upload of {file.name} was interrupted: {error}") from error


def _send_form(
    storage: httpx.Client, accepted: dict[str, Any], source: BinaryIO, progress: Progress
) -> None:
    reader = cast("IO[bytes]", _ProgressReader(source, progress))
    name = Path(source.name).name
    response = storage.post(
        accepted["url"], data=accepted["fields"], files={"file": (name, reader)}
    )
    _check(response)


def _send_parts(
    storage: httpx.Client, accepted: dict[str, Any], source: BinaryIO, progress: Progress
) -> list[dict[str, Any]]:
    size = Path(source.name).stat().st_size
    sent = []
    for part in accepted["parts"]:
        begin = (part["number"] - 1) * accepted["part_size_bytes"]
        length = min(accepted["part_size_bytes"], size - begin)
        source.seek(begin)
        response = storage.put(
            part["url"],
            content=_blocks(source, length, progress),
            headers={"Content-Length": str(length)},
        )
        _check(response)
        sent.append({"number": part["number"], "etag": response.headers["ETag"]})
    return sent


def _blocks(source: BinaryIO, length: int, progress: Progress) -> Iterator[bytes]:
    left = length
    while left and (block := source.read(min(_BLOCK, left))):
        left -= len(block)
        yield block
        progress(len(block))


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
