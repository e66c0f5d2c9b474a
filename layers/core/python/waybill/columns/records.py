"""The records of a block as columns of text, whatever the format they came in."""

from typing import NamedTuple

from waybill.columns.check_result import Array
from waybill.records.block import Block, Positions


class Records(NamedTuple):
    """What a block holds."""

    block: Block
    sound: Positions
    """Indices of the records that can be read."""
    texts: list[Array]
    """For each column of the layout a `string` array, a value for each sound record."""
    broken: tuple[Array, ...]
    """The others, as RecordBatches of `REJECTS`."""
