"""The bytes of a column of text as numpy arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waybill.columns.check_result import Array
from waybill.records.block import Bytes


class TextBytes(NamedTuple):
    """The bytes, and the start and length of each value in them."""

    octets: Bytes
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def at(self, rows: NDArray[np.int64], offset: int) -> Bytes:
        """The byte at this offset of each row's value, which must be longer than the offset."""
        return self.octets[self.starts[rows] + offset]

    def number(self, rows: NDArray[np.int64], offset: int, digits: int) -> NDArray[np.int64]:
        """The number written in these ASCII digits of each row's value."""
        total = np.zeros(len(rows), np.int64)
        for index in range(digits):
            total = total * 10 + (self.at(rows, offset + index) - ord("0"))
        return total


def text_bytes(strings: Array) -> TextBytes:
    """The bytes of a `string` array, without copying them."""
    _, offsets, data = strings.buffers()
    edges = np.frombuffer(offsets, np.int32)[strings.offset : strings.offset + len(strings) + 1]
    octets = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return TextBytes(octets, edges[:-1], np.diff(edges))
