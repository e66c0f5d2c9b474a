"""gzip and zstd, told by their first bytes and unpacked while they stream, under limits."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from backports import zstd

from waybill.errors import Rejected

Compression = Literal["gzip", "zstd"]
_PIECE = 1024 * 1024
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
# A frame of somebody's own may come first; all sixteen end alike.
_SKIPPABLE = bytes(range(0x50, 0x60)), b"\x2a\x4d\x18"
_GZIP_WINDOW = 31
# Larger windows would need more memory than a loader has.
_ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 27}


class Limits(NamedTuple):
    """What may come out of a compressed object."""

    output_bytes: int = 20 * 1024**3
    ratio: int = 200
    """Bytes out for each byte in, once more than `free_bytes` came out."""
    free_bytes: int = 10 * 1024**2

    def check(self, taken: int, given: int) -> None:
        """Hold the bytes that came out against the limits.

        Raises:
            Rejected: `decompression-limit`.
        """
        if given > self.output_bytes:
            detail = f"More than {self.output_bytes} bytes came out of the file."
            raise Rejected("decompression-limit", detail)
        if given > self.free_bytes and given > self.ratio * taken:
            detail = f"{taken} bytes of the file became {given}, more than {self.ratio} times that."
            raise Rejected("decompression-limit", detail)


class _Gzip:
    """One member after another; zeros may fill up the end."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP_WINDOW)
        self.whole = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.whole:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member, self.whole = zlib.decompressobj(_GZIP_WINDOW), False
            piece = self._member.decompress(data, _PIECE)
            while piece:
                yield piece
                piece = self._member.decompress(self._member.unconsumed_tail, _PIECE)
            self.whole = self._member.eof
            data = self._member.unused_data if self.whole else self._member.unconsumed_tail


class _Zstd:
    """One frame after another."""

    def __init__(self) -> None:
        self._frame = zstd.ZstdDecompressor(options=_ZSTD_WINDOW)
        self.whole = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self.whole:
                self._frame, self.whole = zstd.ZstdDecompressor(options=_ZSTD_WINDOW), False
            yield self._frame.decompress(data, _PIECE)
            while not (self._frame.needs_input or self._frame.eof):
                yield self._frame.decompress(b"", _PIECE)
            self.whole = self._frame.eof
            data = self._frame.unused_data if self.whole else b""


def compression_of(head: bytes) -> Compression | None:
    """What the first bytes of an object say that it is packed with."""
    if head.startswith(_GZIP):
        return "gzip"
    skippable = head[:1] in {bytes([one]) for one in _SKIPPABLE[0]} and head[1:4] == _SKIPPABLE[1]
    return "zstd" if head.startswith(_ZSTD) or skippable else None


def unpacked(
    blocks: Iterable[bytes],
    compression: Compression,
    limits: Limits | None = None,
    *,
    whole: bool = True,
) -> Iterator[bytes]:
    """What is in the blocks, in pieces of at most 1 MiB; nothing is held but the window.

    With `whole` the blocks are all of the object, which must end where its content does.

    Raises:
        Rejected: `decompression-limit`, or `corrupt-file`: it is truncated or damaged.
    """
    limits = limits or Limits()
    stream = _Gzip() if compression == "gzip" else _Zstd()
    taken = given = 0
    try:
        for data in blocks:
            taken += len(data)
            for piece in stream.feed(data):
                given += len(piece)
                limits.check(taken, given)
                yield piece
    except (zlib.error, zstd.ZstdError) as error:
        detail = f"The {compression} data are damaged after {given} bytes of content: {error}."
        raise Rejected("corrupt-file", detail) from error
    if whole and not stream.whole:
        detail = f"The {compression} data end in the middle, after {given} bytes of content."
        raise Rejected("corrupt-file", detail)
