"""Detect gzip, bzip2 and zstd by content, and decompress them as streams within limits."""

import bz2
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from backports import zstd

from waybill.errors import Rejected

Compression = Literal["gzip", "bzip2", "zstd"]
_PIECE = 1024 * 1024
_SLICE = 16 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# The block size, then the first block or the end of an empty stream: a text may begin with `BZh9`.
_BZIP2 = re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)")
# Sixteen magic numbers mark skippable frames; they differ in the first byte.
_SKIPPABLE = bytes(range(0x50, 0x60)), b"\x2a\x4d\x18"
_GZIP_WINDOW = 31
# What every decoder is to have, by RFC 8878, and what level 19 needs. A larger window and a long
# record together would take more memory than a loader may have.
_ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}
_WINDOW_TOO_LARGE = "too much memory"
_WINDOW_ADVICE = (
    "The file needs a zstd window of more than 8 MiB. Compress it at level 19 or lower, and "
    "without --long."
)


class Limits(NamedTuple):
    """Limits on the output of a compressed object."""

    output_bytes: int = 20 * 1024**3
    ratio: int = 200
    """Maximum output bytes per input byte, checked once the output exceeds `free_bytes`."""
    free_bytes: int = 10 * 1024**2

    def check(self, consumed: int, produced: int) -> None:
        """Check the number of output bytes.

        Raises:
            Rejected: `decompression-limit`.
        """
        if produced > self.output_bytes:
            detail = f"The file decompresses to more than {self.output_bytes} bytes."
            raise Rejected("decompression-limit", detail)
        if produced > self.free_bytes and produced > self.ratio * consumed:
            detail = (
                f"{consumed} bytes decompress to {produced}, more than {self.ratio} times as many."
            )
            raise Rejected("decompression-limit", detail)


class _Gzip:
    """A sequence of members; zero padding may follow."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self.complete = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.complete:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member, self.complete = zlib.decompressobj(_GZIP_WINDOW), False
            piece = self._member.decompress(data, _PIECE)
            while piece:
                yield piece
                piece = self._member.decompress(self._member.unconsumed_tail, _PIECE)
            self.complete = self._member.eof
            data = self._member.unused_data if self.complete else self._member.unconsumed_tail


class _DamagedError(Exception):
    """Data that a decoder refuses with an error that others raise, too."""


class _Bzip2:
    """A sequence of streams."""

    def __init__(self) -> None:
        self._stream = bz2.BZ2Decompressor()
        self.complete = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.complete:
                self._stream, self.complete = bz2.BZ2Decompressor(), False
            yield self._decompress(data)
            while not (self._stream.needs_input or self._stream.eof):
                yield self._decompress(b"")
            self.complete = self._stream.eof
            data = self._stream.unused_data if self.complete else b""

    def _decompress(self, data: bytes) -> bytes:
        try:
            return self._stream.decompress(data, _PIECE)
        except OSError as error:
            raise _DamagedError(str(error)) from error


class _Zstd:
    """A sequence of frames."""

    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor(options=_ZSTD_WINDOW)
        self.complete = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.complete:
                self._frame, self.complete = zstd.ZstdDecompressor(options=_ZSTD_WINDOW), False
            yield self._frame.decompress(data, _PIECE)
            while not (self._frame.needs_input or self._frame.eof):
                yield self._frame.decompress(b"", _PIECE)
            self.complete = self._frame.eof
            data = self._frame.unused_data if self.complete else b""


_STREAMS: dict[Compression, type[_Gzip | _Bzip2 | _Zstd]] = {
    "gzip": _Gzip,
    "bzip2": _Bzip2,
    "zstd": _Zstd,
}


def detect_compression(head: bytes) -> Compression | None:
    """The compression that the first bytes of an object show, if any."""
    if head.startswith(_GZIP):
        return "gzip"
    if _BZIP2.match(head):
        return "bzip2"
    skippable = head[:1] in {bytes([one]) for one in _SKIPPABLE[0]} and head[1:4] == _SKIPPABLE[1]
    return "zstd" if head.startswith(_ZSTD) or skippable else None


def decompressed(
    blocks: Iterable[bytes],
    compression: Compression,
    limits: Limits | None = None,
    *,
    whole: bool = True,
) -> Iterator[bytes]:
    """Decompress the blocks into pieces of at most 1 MiB; only the window is kept in memory.

    With `whole`, the blocks are the complete object, and a truncated one is an error.

    Raises:
        Rejected: `decompression-limit`, `corrupt-file` for truncated or damaged data, or
            `unsupported-file` for a zstd window that is too large.
    """
    limits = limits or Limits()
    stream = _STREAMS[compression]()
    consumed = produced = 0
    try:
        for data in blocks:
            consumed += len(data)
            # What follows a member or frame is copied at its end: short slices bound the cost.
            for start in range(0, len(data), _SLICE):
                for piece in stream.feed(data[start : start + _SLICE]):
                    produced += len(piece)
                    limits.check(consumed, produced)
                    yield piece
    except (zlib.error, zstd.ZstdError, _DamagedError) as error:
        if _WINDOW_TOO_LARGE in str(error):
            raise Rejected("unsupported-file", _WINDOW_ADVICE) from error
        detail = f"The {compression} data are damaged after {produced} bytes of content: {error}."
        raise Rejected("corrupt-file", detail) from error
    if whole and not stream.complete:
        detail = f"The {compression} data are truncated after {produced} bytes of content."
        raise Rejected("corrupt-file", detail)
