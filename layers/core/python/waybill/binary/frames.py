"""Frames between a loader and the process that decodes a file for it.

A frame is a kind of one byte, the length of its payload in eight, and the payload. The loader
sends the task, and then the bytes that are requested; the process sends requests for bytes, one
answer or any number of batches, and at last the end or an error.
"""

import struct
from typing import BinaryIO, NamedTuple

TASK, DATA = b"T", b"D"
READ, ANSWER, BATCH, END, ERROR = b"R", b"A", b"B", b"Z", b"E"
RANGE = struct.Struct(">QQ")
"""The payload of `READ`: offset and length."""
# More than the process that decodes may allocate.
_MAX_BYTES = 256 * 1024 * 1024
_HEADER = struct.Struct(">cQ")


class Frame(NamedTuple):
    """A kind and its payload."""

    kind: bytes
    payload: bytes


def write_frame(stream: BinaryIO, kind: bytes, payload: bytes = b"") -> None:
    """Write a frame.

    Raises:
        OSError: the other process has ended.
    """
    stream.write(_HEADER.pack(kind, len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: BinaryIO) -> Frame | None:
    """The next frame; None if the other process has ended."""
    header = stream.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return None
    kind, length = _HEADER.unpack(header)
    if length > _MAX_BYTES:
        return None
    payload = stream.read(length)
    return Frame(kind, payload) if len(payload) == length else None
