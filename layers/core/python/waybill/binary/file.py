"""The file of a task as Python's file interface, read through the loader."""

import io
from typing import BinaryIO

from waybill.binary.frames import DATA, RANGE, READ, read_frame, write_frame

_MAX_READ = 16 * 1024 * 1024


class RequestedFile(io.RawIOBase):
    """Reads ranges by requests; the process that decodes has no other access to anything."""

    def __init__(self, requests: BinaryIO, responses: BinaryIO, size: int) -> None:
        self._requests = requests
        self._responses = responses
        self.size = size
        self._at = 0

    def readable(self) -> bool:  # noqa: D102 - as in io.RawIOBase
        return True

    def seekable(self) -> bool:  # noqa: D102 - as in io.RawIOBase
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:  # noqa: D102
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if start + offset < 0:
            # As files do. A footer that lies must not look like a fault of the storage.
            raise OSError("a position before the file")
        self._at = start + offset
        return self._at

    def tell(self) -> int:  # noqa: D102 - as in io.RawIOBase
        return self._at

    def readinto(self, buffer: object) -> int:  # noqa: D102 - as in io.RawIOBase
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes; fewer only at the end of the file."""
        left = max(self.size - self._at, 0)
        length = left if size is None or size < 0 else min(size, left)
        parts = []
        while length:
            parts.append(self._request(min(length, _MAX_READ)))
            length -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _request(self, length: int) -> bytes:
        write_frame(self._requests, READ, RANGE.pack(self._at, length))
        frame = read_frame(self._responses)
        if frame is None or frame.kind != DATA or len(frame.payload) != length:
            raise SystemExit("the loader has ended")
        self._at += length
        return frame.payload
