"""The records of a block as columns of text, whatever their file format."""

from typing import NamedTuple

from waybill.columns.check_result import Array
from waybill.records.block import Block, Positions


class Records(NamedTuple):
    """A block as its reader parsed it."""

    block: Block
    valid: Positions
    """Indices of the records that could be parsed."""
    texts: list[Array]
    """Per column of the layout a `string` array with a value per valid record."""
    malformed: tuple[Array, ...]
    """The other records, as RecordBatches of `REJECTS`."""
