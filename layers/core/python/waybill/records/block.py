"""A block: the complete records of one part of a stream."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Faults = NDArray[np.uint8]
Bytes = NDArray[np.uint8]


class Boundaries(NamedTuple):
    """Positions where a chunk may begin: byte offsets in the stream and their line numbers."""

    positions: Positions
    lines: Positions


class Block(NamedTuple):
    """Valid and malformed records; parallel arrays, ordered by position."""

    data: bytes
    starts: Positions
    """HeadRecord byte of each record in `data`."""
    stops: Positions
    """One past the last byte, without the line ending; for a malformed record, of the kept part."""
    lines: Positions
    """Physical line of the file where the record starts, from 1."""
    faults: Faults
    """The `Fault` of each record."""
    boundaries: Boundaries
    """Starts of the lines outside quotes, and of the line after the block."""

    @property
    def record_count(self) -> int:
        """Number of records."""
        return len(self.starts)


def view(data: bytes) -> Bytes:
    """The bytes as an array, without a copy."""
    return np.frombuffer(data, np.uint8)
