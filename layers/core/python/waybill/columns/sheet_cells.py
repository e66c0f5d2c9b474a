"""Names the cell of a sheet in the messages of its rejects."""

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.columns.json_text import concat
from waybill.records.block import Positions
from waybill.records.layout import Layout

# The message is the last member of an error.
_END = r'"\}\z'


def with_cells(errors: Array, layout: Layout, column: str, lines: Positions) -> Array:
    """The errors of a column, whose messages end in the cell; null stays null."""
    if layout.file_format != "xlsx" or column not in layout.field_columns:
        return errors
    letters = column_letters(layout.first_column + layout.field_columns.index(column))
    begins = pc.replace_substring_regex(errors, _END, "")
    return concat(begins, f" (cell {letters}", pa.array(lines).cast(pa.string()), ')"}')


def column_letters(position: int) -> str:
    """The name of a column of a sheet, counted from 0: A, …, Z, AA."""
    letters = ""
    left = position + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
