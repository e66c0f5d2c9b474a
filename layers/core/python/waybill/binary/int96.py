"""Timestamps of 96 bits in Parquet: nanoseconds of a day, and the day.

In microseconds, 64 bits count to the year 294247, and the decoder overflows silently. So these
columns are read once more, in seconds, of which 64 bits count any day: where the two differ, the
seconds are right.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.binary.task import Field, UnreadableFile
from waybill.binary.texts import texts_of

_INT96 = "INT96"
_MICROSECONDS = 1_000_000


def int96_columns(parquet: Any) -> list[str]:  # noqa: ANN401 - pyarrow has no types
    """The names of the columns with timestamps of 96 bits, also within nested values."""
    schema, names = parquet.schema, parquet.schema_arrow.names
    columns = (schema.column(at) for at in range(len(schema)))
    paths = [column.path for column in columns if column.physical_type == _INT96]
    found = (path if path in names else path.partition(".")[0] for path in paths)
    return list(dict.fromkeys(found))


def exact_times(
    batches: Iterator[Any], in_seconds: Iterator[Any], fields: Sequence[Field]
) -> Iterator[Any]:
    """The batches; a column with times that overflowed has the texts of all its times.

    `in_seconds` are the same records of the columns with such times alone.

    Raises:
        UnreadableFile: `corrupt-file`, a time in a list, struct or map has overflowed.
    """
    for batch, seconds in zip(batches, in_seconds, strict=True):
        positions = {batch.schema.get_field_index(name): name for name in seconds.schema.names}
        columns = list(batch.columns)
        for at, name in positions.items():
            field = fields[at] if at < len(fields) else Field("text")
            columns[at] = _exact(columns[at], seconds.column(name), field, name)
        yield pa.RecordBatch.from_arrays(columns, list(batch.schema.names))


def _exact(times: Any, seconds: Any, field: Field, name: str) -> Any:  # noqa: ANN401 - Arrow arrays
    if not pa.types.is_timestamp(seconds.type):
        leaves = zip(_times(times), _times(seconds), strict=True)
        if any(_has_overflowed(low, high).any() for low, high in leaves):
            detail = f"A list or an object in the column {name[:80]} has a time after 294246."
            raise UnreadableFile("corrupt-file", detail)
        return times
    overflowed = _has_overflowed(times, seconds)
    if not overflowed.any():
        return times
    texts = texts_of(times, field).cast(pa.string())
    return pc.if_else(pa.array(overflowed), texts_of(seconds, field).cast(pa.string()), texts)


def _has_overflowed(times: Any, seconds: Any) -> Any:  # noqa: ANN401 - Arrow arrays
    """Which microseconds are not those of the seconds: an overflow is off by millions of years."""
    if times.type == seconds.type:
        # No timestamps of 96 bits: their unit does not depend on how they are read.
        return np.zeros(len(times), bool)
    low, high = (
        array.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
        for array in (times, seconds)
    )
    return np.abs(low / _MICROSECONDS - high) > 2


def _times(values: Any) -> Iterator[Any]:  # noqa: ANN401 - Arrow arrays
    """The arrays of timestamps in nested values, with the elements of lists in order."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        yield values
    elif pa.types.is_struct(kind):
        for child in values.flatten():
            yield from _times(child)
    elif pa.types.is_map(kind):
        yield from _times(values.keys)
        yield from _times(values.items)
    elif pa.types.is_nested(kind):
        yield from _times(values.flatten())
