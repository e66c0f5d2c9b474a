"""Where the bytes of a file come from: any range of them at any time."""

import os
from collections.abc import Iterator
from typing import NamedTuple, Protocol

_PIECE = 4 * 1024 * 1024


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


class FileSource(NamedTuple):
    """An open file of the system, by its descriptor."""

    descriptor: int

    @property
    def size(self) -> int:
        """Its number of bytes."""
        return os.fstat(self.descriptor).st_size

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length)."""
        return os.pread(self.descriptor, length, offset)

    def pieces(self) -> Iterator[bytes]:
        """All bytes, from the beginning."""
        return pieces(self, 0, self.size)


class PartSource(NamedTuple):
    """A part of another file, from the byte `begin`."""

    whole: Source
    begin: int
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """The bytes [offset, offset + length) of the part."""
        return self.whole.read(self.begin + offset, length)

    def pieces(self) -> Iterator[bytes]:
        """All bytes, from the beginning."""
        return pieces(self, 0, self.size)


def pieces(source: Source, begin: int, end: int) -> Iterator[bytes]:
    """The bytes [begin, end), in pieces of at most 4 MiB."""
    for offset in range(begin, end, _PIECE):
        yield source.read(offset, min(_PIECE, end - offset))
