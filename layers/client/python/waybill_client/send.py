"""Sends a file to where the API said: as one form, or in parts."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import httpx

from waybill_client.problems import UnreachableError, UploadRefusedError

Progress = Callable[[int], None]
"""Told the number of bytes sent since it was told last."""
_BLOCK = 1 << 18


def quiet(_sent: int) -> None:
    """Progress for those who do not look."""


def send_file(
    storage: httpx.Client, accepted: dict[str, Any], file: Path, progress: Progress
) -> list[dict[str, Any]]:
    """Send `file` as the API `accepted` it; gives the parts to complete with, if it has parts.

    Raises:
        UploadRefusedError: the storage refused it.
        UnreachableError: the storage does not answer.
    """
    try:
        with file.open("rb") as opened:
            if accepted["method"] == "POST":
                _send_form(storage, accepted, opened, progress)
                return []
            return _send_parts(storage, accepted, opened, progress)
    except httpx.TransportError as error:
        raise UnreachableError(f"The upload of {file.name} was cut: {error}") from error


def _send_form(
    storage: httpx.Client, accepted: dict[str, Any], opened: BinaryIO, progress: Progress
) -> None:
    watched = cast("IO[bytes]", _Watched(opened, progress))
    name = Path(opened.name).name
    answer = storage.post(accepted["url"], data=accepted["fields"], files={"file": (name, watched)})
    _check(answer)


def _send_parts(
    storage: httpx.Client, accepted: dict[str, Any], opened: BinaryIO, progress: Progress
) -> list[dict[str, Any]]:
    size = Path(opened.name).stat().st_size
    sent = []
    for part in accepted["parts"]:
        begin = (part["number"] - 1) * accepted["part_size_bytes"]
        length = min(accepted["part_size_bytes"], size - begin)
        opened.seek(begin)
        answer = storage.put(
            part["url"],
            content=_blocks(opened, length, progress),
            headers={"Content-Length": str(length)},
        )
        _check(answer)
        sent.append({"number": part["number"], "etag": answer.headers["ETag"]})
    return sent


def _blocks(opened: BinaryIO, length: int, progress: Progress) -> Iterator[bytes]:
    left = length
    while left and (block := opened.read(min(_BLOCK, left))):
        left -= len(block)
        yield block
        progress(len(block))


def _check(answer: httpx.Response) -> None:
    if answer.is_error:
        told = answer.text[:500]
        raise UploadRefusedError(f"The storage refused the file ({answer.status_code}): {told}")


class _Watched(io.RawIOBase):
    """A file that tells how much of it was read."""

    def __init__(self, opened: BinaryIO, progress: Progress) -> None:
        self._opened = opened
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
