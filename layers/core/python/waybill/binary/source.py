"""Where the bytes of a file come from: any range of them at any time."""

from typing import NamedTuple, Protocol


class Source(Protocol):
    """A file of a known size."""

    @property
    def size(self) -> int:
        """Its number of bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length), which lie in the file."""
        ...


class BytesSource(NamedTuple):
    """A file in memory."""

    data: bytes

    @property
    def size(self) -> int:
        """Its number of bytes."""
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length)."""
        return self.data[offset : offset + length]
