"""The bytes behind a column of text, as numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from waybill.columns.check_result import Array
from waybill.records.block import Bytes


class TextBytes(NamedTuple):
    """Where each value begins in the bytes, and how many it has."""

    octets: Bytes
    starts: NDArray[np.int32]
    lengths: NDArray[np.int32]

    def at(self, rows: NDArray[np.int64], place: int) -> Bytes:
        """The byte at this place of the value of each row, all of which are longer than that."""
        return self.octets[self.starts[rows] + place]

    def number(self, rows: NDArray[np.int64], place: int, digits: int) -> NDArray[np.int64]:
        """The number that stands in these many digits there."""
        total = np.zeros(len(rows), np.int64)
        for step in range(digits):
            total = total * 10 + (self.at(rows, place + step) - ord("0"))
        return total


def text_bytes(strings: Array) -> TextBytes:
    """Look into a `string` array without a copy."""
    _, offsets, data = strings.buffers()
    edges = np.frombuffer(offsets, np.int32)[strings.offset : strings.offset + len(strings) + 1]
    octets = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    return TextBytes(octets, edges[:-1], np.diff(edges))
