"""The raw bytes of records; of a record of a binary file, its texts as a JSON object."""

import numpy as np
import pyarrow as pa

from waybill.columns.check_result import Array
from waybill.columns.json_text import json_objects
from waybill.records.block import Block, Positions


def record_bytes(block: Block, indices: Positions) -> Array:
    """A `binary` array with the bytes of these records, without line endings."""
    if not len(indices):
        return pa.array([], pa.binary())
    if block.texts:
        texts = [array.take(pa.array(indices)) for array in block.texts]
        if block.names:
            texts = [json_objects(list(zip(block.names, texts, strict=True)))]
        return texts[0].fill_null("").cast(pa.binary())
    # Even values of this array are records, odd ones are what lies between them.
    edges = np.empty(2 * block.record_count, np.int32)
    edges[::2] = block.starts
    edges[1::2] = block.stops
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(block.data)]
    return pa.Array.from_buffers(pa.binary(), len(edges) - 1, buffers).take(pa.array(2 * indices))
