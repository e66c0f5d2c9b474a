"""Encodings: their names, and how text of each becomes UTF-8.

Those of one byte a character have quotes, delimiters and line ends where ASCII has them: a file
is cut as it is, and what was cut is rewritten. UTF-16 is rewritten before it is cut. Bytes that
an encoding does not have stay, or become, bytes that are not UTF-8, so that the records that
hold them are found; the raw text that is kept of a reject is the rewritten one.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np

from waybill.records.block import Block, view

Encoding = Literal["utf-8", "latin-1", "windows-1252", "utf-16-le", "utf-16-be"]
MARK = b"\xef\xbb\xbf"
"""A byte order mark as UTF-8."""

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
_MARKS: dict[bytes, Encoding] = {
    MARK: "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}
_CODECS = {"latin-1": "latin-1", "windows-1252": "cp1252"}
_HIGH_SURROGATES = range(0xD8, 0xDC)
UTF_16 = "utf-16"
"""May be declared; which of the two it is, the byte order mark says."""


def encoding_named(name: str) -> Encoding | None:
    """The encoding of this name, however it is spelt; None for UTF-16 without a byte order.

    Raises:
        ValueError: it is none that is read.
    """
    folded = "".join(char for char in name.lower() if char.isalnum())
    if folded == "utf16":
        return None
    if folded not in _NAMES:
        raise ValueError(
            f"{name!r} is not an encoding that is read: {', '.join(sorted({*_NAMES.values()}))}"
        )
    return _NAMES[folded]


def marked_encoding(head: bytes) -> Encoding | None:
    """The encoding whose byte order mark the text begins with."""
    return next((found for mark, found in _MARKS.items() if head.startswith(mark)), None)


def is_wide(encoding: Encoding) -> bool:
    """Whether it is UTF-16."""
    return encoding.startswith(UTF_16)


def narrowed(blocks: Iterable[bytes], encoding: Encoding) -> Iterator[bytes]:
    """UTF-16 as UTF-8, block by block; half a pair and half a character are not UTF-8 then."""
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


def rewritten(block: Block, encoding: Encoding) -> Block:
    """A block of an encoding of one byte a character, as UTF-8; any other as it is."""
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
    """How many bytes of UTF-8 each byte becomes."""
    characters = (bytes([octet]).decode(codec, "surrogateescape") for octet in range(256))
    return np.array([len(c.encode("utf-8", "surrogateescape")) for c in characters], np.uint8)
