"""A seekable file over an object that is read by ranges."""

import io
from collections.abc import Callable, Iterator

from waybill.errors import Rejected

OpenRange = Callable[[int, int], Iterator[bytes]]
"""Yields the bytes [from, to) of an object, in blocks."""
MAX_READ_BYTES = 4 * 1024 * 1024
"""Of one read. The reader of zip reads the whole directory at once: this bounds its memory."""


class RangeFile(io.RawIOBase):
    """Reads forwards from one open range; a jump opens another one."""

    def __init__(self, open_range: OpenRange, size: int) -> None:
        super().__init__()
        self._open_range = open_range
        self._size = size
        self._position = 0
        self._blocks: Iterator[bytes] = iter(())
        self._buffer = b""
        # Position of the byte that comes next from the open range.
        self._reached = -1

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to another position; nothing is read yet."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("negative position")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, as many as there are up to `size`.

        Raises:
            Rejected: `too-many-members`, more than `MAX_READ_BYTES` are read at once; or the
                object is missing.
            Retryable: S3 cannot be reached.
        """
        left = max(self._size - self._position, 0)
        missing = left if size is None or size < 0 else min(size, left)
        if missing > MAX_READ_BYTES:
            raise Rejected("too-many-members", "The directory of the archive is too large.")
        if self._reached != self._position:
            self._reopen()
        pieces = []
        while missing > 0:
            if not self._buffer:
                self._buffer = next(self._blocks, b"")
            if not self._buffer:
                break
            piece, self._buffer = self._buffer[:missing], self._buffer[missing:]
            pieces.append(piece)
            missing -= len(piece)
            self._position += len(piece)
        self._reached = self._position
        return b"".join(pieces)

    def _reopen(self) -> None:
        # Forwards within what was fetched, as from a header to its data, without another request.
        ahead = self._position - self._reached
        if self._reached >= 0 and 0 <= ahead <= len(self._buffer):
            self._buffer = self._buffer[ahead:]
            return
        if close := getattr(self._blocks, "close", None):
            close()
        self._buffer = b""
        self._blocks = self._open_range(self._position, self._size)
