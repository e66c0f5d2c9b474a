"""Records as values of their own."""

import numpy as np
import pyarrow as pa

from waybill.columns.check_result import Array
from waybill.records.block import Block, Positions


def record_bytes(block: Block, indices: Positions) -> Array:
    """A `binary` array with the bytes of these records, line endings excluded."""
    if not len(indices):
        return pa.array([], pa.binary())
    # Every second value of this array is a record, every other one what lies between two.
    edges = np.empty(2 * block.record_count, np.int32)
    edges[::2] = block.starts
    edges[1::2] = block.stops
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(block.data)]
    return pa.Array.from_buffers(pa.binary(), len(edges) - 1, buffers).take(pa.array(2 * indices))
