"""What the cutter gives: whole records of one stretch of the stream."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Faults = NDArray[np.uint8]
Bytes = NDArray[np.uint8]


class Boundaries(NamedTuple):
    """Where a chunk may begin: bytes of the stream, and the physical lines there."""

    positions: Positions
    lines: Positions


class Block(NamedTuple):
    """Records, good and bad, of a stretch of bytes; arrays of one length, by rising position."""

    data: bytes
    starts: Positions
    """First byte of each record in `data`."""
    stops: Positions
    """One past its last byte, line ending excluded; of a malformed one, of what is kept."""
    lines: Positions
    """Physical line of the file that it starts on, from 1."""
    faults: Faults
    """`Fault` of each."""
    boundaries: Boundaries
    """The starts of its lines outside quotes, and of the one after it."""

    @property
    def read(self) -> int:
        """How many records."""
        return len(self.starts)


def view(data: bytes) -> Bytes:
    """The bytes as numbers, without a copy."""
    return np.frombuffer(data, np.uint8)
