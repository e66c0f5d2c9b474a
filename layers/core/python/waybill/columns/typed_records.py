"""Takes a block of a binary file, whose records were decoded into columns of text."""

import numpy as np
import pyarrow as pa

from waybill.columns.added_fields import without_added
from waybill.columns.records import Records
from waybill.columns.rejects import malformed_rejects
from waybill.records.block import Block
from waybill.records.fields import CheckedBlock
from waybill.records.grammar import Fault
from waybill.records.layout import Layout


class TypedReader:
    """Reads the records of one chunk."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def read(self, block: Block) -> Records:
        """The block's records; those that are no UTF-8 text or too long become rejects."""
        valid = np.flatnonzero(block.faults == Fault.OK)
        if len(valid) == block.record_count:
            return Records(block, valid, without_added(list(block.texts), self._layout), ())
        counts = np.where(block.faults == Fault.FIELD_COUNT, self._layout.width + 1, 0)
        checked = CheckedBlock(b"", valid, None, block, counts)
        texts = [array.take(pa.array(valid)) for array in block.texts]
        malformed = malformed_rejects(checked, self._layout.width)
        return Records(block, valid, without_added(texts, self._layout), (malformed,))
