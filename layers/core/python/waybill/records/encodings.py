"""Encodings: their names, and conversion to UTF-8.

Single-byte encodings agree with ASCII on quotes, delimiters and line ends, so a file is split
first and its blocks are converted. UTF-16 is converted before splitting. A byte that is invalid
in the encoding becomes invalid UTF-8, so that its record is found and rejected. The raw text of
a reject is kept as UTF-8.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from waybill.records.block import Block, view

Encoding = Literal["utf-8", "latin-1", "windows-1252", "utf-16-le", "utf-16-be"]
BOM = b"\xef\xbb\xbf"
"""A byte order mark in UTF-8."""

_NAMES: dict[str, Encoding] = {
    "utf8": "utf-8",
    "ascii": "utf-8",
    "usascii": "utf-8",
    "latin1": "latin-1",
    "iso88591": "latin-1",
    "windows1252": "windows-1252",
    "cp1252": "windows-1252",
    "utf16le": "utf-16-le",
    "utf16be": "utf-16-be",
}
_BOMS: dict[bytes, Encoding] = {
    BOM: "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_CODECS = {"latin-1": "latin-1", "windows-1252": "cp1252"}
_HIGH_SURROGATES = range(0xD8, 0xDC)
UTF_16 = "utf-16"
"""May be declared; the byte order mark then says which of the two it is."""


def encoding_by_name(name: str) -> Encoding | None:
    """The encoding of this name, ignoring case and punctuation; None for plain `utf-16`.

    Raises:
        ValueError: the encoding is not supported.
    """
    folded = "".join(char for char in name.lower() if char.isalnum())
    if folded == "utf16":
        return None
    if folded not in _NAMES:
        raise ValueError(
            f"{name!r} is not a supported encoding: {', '.join(sorted({*_NAMES.values()}))}"
        )
    return _NAMES[folded]


def bom_encoding(head: bytes) -> Encoding | None:
    """The encoding of the byte order mark at the start of the text, if there is one."""
    return next((found for mark, found in _BOMS.items() if head.startswith(mark)), None)


def is_utf16(encoding: Encoding) -> bool:
    """Whether it is UTF-16."""
    return encoding.startswith(UTF_16)


def utf16_to_utf8(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """Convert UTF-16 to UTF-8, block by block.

    A lone surrogate and a trailing odd byte become invalid UTF-8.
    """
    carry = b""
    high = 1 if encoding == "utf-16-le" else 0
    for data in blocks:
        buffer = carry + data
        end = len(buffer) & ~1
        if end and buffer[end - 2 + high] in _HIGH_SURROGATES:
            end -= 2
        yield _as_utf8(buffer[:end], encoding)
        carry = buffer[end:]
    even = len(carry) & ~1
    yield _as_utf8(carry[:even], encoding) + b"\xff" * (len(carry) - even)


def _as_utf8(data: bytes, encoding: Encoding) -> bytes:
    return data.decode(encoding, "surrogatepass").encode("utf-8", "surrogatepass")


def to_utf8(block: Block, encoding: Encoding) -> Block:
    """Convert a block of a single-byte encoding to UTF-8; return any other block unchanged."""
    codec = _CODECS.get(encoding)
    if codec is None or block.data.isascii():
        return block
    data = block.data.decode(codec, "surrogateescape")
    places = np.zeros(len(block.data) + 1, np.int64)
    np.cumsum(_widths(codec)[view(block.data)], out=places[1:])
    return block._replace(
        data=data.encode("utf-8", "surrogateescape"),
        starts=places[block.starts],
        stops=places[block.stops],
    )


def _widths(codec: str) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The length in UTF-8 of each of the 256 bytes."""
    characters = (bytes([octet]).decode(codec, "surrogateescape") for octet in range(256))
    return np.array([len(c.encode("utf-8", "surrogateescape")) for c in characters], np.uint8)
