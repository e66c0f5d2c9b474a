"""Names the cell of a sheet, or the row of a row group, in the messages of rejects."""

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array
from waybill.columns.json_text import concat
from waybill.records.block import Positions, RowGroup
from waybill.records.layout import Layout

# The message is the last member of an error.
_END = r'"\}\z'


def with_places(
    errors: Array, layout: Layout, column: str, lines: Positions, group: RowGroup | None
) -> Array:
    """The errors of a column, whose messages end in the place; null stays null."""
    if group is not None:
        lines = lines - (group.first_line - 1)
        place = f" (row group {group.number}, row "
    elif layout.file_format == "xlsx" and column in layout.field_columns:
        letters = column_letters(layout.first_column + layout.field_columns.index(column))
        place = f" (cell {letters}"
    else:
        return errors
    begins = pc.replace_substring_regex(errors, _END, "")
    return concat(begins, place, pa.array(lines).cast(pa.string()), ')"}')


def column_letters(position: int) -> str:
    """The name of a column of a sheet, counted from 0: A, …, Z, AA."""
    letters = ""
    left = position + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
