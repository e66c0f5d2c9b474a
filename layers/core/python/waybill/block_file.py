"""Blocks of bytes as a file."""

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


class BlockFile(io.RawIOBase):
    """Blocks as a file that can be read once, from its beginning."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        super().__init__()
        self._block = memoryview(b"")
        self._blocks = blocks

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill the buffer as far as the current block goes; 0 at the end."""
        target = memoryview(buffer)
        while not self._block:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._block = memoryview(block)
        count = min(len(target), len(self._block))
        target[:count] = self._block[:count]
        self._block = self._block[count:]
        return count
