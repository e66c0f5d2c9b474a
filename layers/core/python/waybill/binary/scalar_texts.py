"""Writes Arrow arrays of scalars as text; see `texts`."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from waybill.binary.far_times import with_far_times
from waybill.binary.task import Field

_MIDNIGHT = r"\A(\S+) 00:00:00(?:\.0+)?\z"
_UUID_BYTES = 16
_SECOND_UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def is_text(kind: Any) -> bool:  # noqa: ANN401 - an Arrow type
    """Whether its values are texts, or bytes that should be UTF-8."""
    return any(
        test(kind)
        for test in (
            pa.types.is_string,
            pa.types.is_large_string,
            pa.types.is_string_view,
            pa.types.is_binary,
            pa.types.is_large_binary,
            pa.types.is_binary_view,
        )
    )


def is_number(kind: Any) -> bool:  # noqa: ANN401 - an Arrow type
    """Whether its values are numbers."""
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def scalar_texts(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    """The texts of values that are neither booleans nor nested."""
    kind = values.type
    for test, write in _WRITERS:
        if test(kind):
            return write(values, field)
    return pc.cast(values, pa.string())


def _binary(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    if field.kind == "bytea":
        return pa.array(
            [None if value is None else "\\x" + value.hex() for value in values.to_pylist()],
            pa.string(),
        )
    is_uuid = pa.types.is_fixed_size_binary(values.type) and values.type.byte_width == _UUID_BYTES
    if field.kind == "uuid" and is_uuid:
        ids = (None if value is None else str(uuid.UUID(bytes=value)) for value in
               values.to_pylist())  # fmt: skip
        return pa.array(ids, pa.string())
    return values.cast(pa.binary())


def _text(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    del field
    return values.cast(pa.binary())


def _floats(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    del field
    texts = pc.cast(values, pa.string())
    if pc.all(pc.is_finite(values)).as_py() is not False:
        return texts
    # Numbers that are none keep the words that PostgreSQL has for them.
    for word, name in (("nan", "NaN"), ("inf", "Infinity"), ("-inf", "-Infinity")):
        texts = pc.if_else(pc.equal(texts, word), name, texts)
    return texts


def _decimals(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    del field
    texts = pc.cast(values, pa.string())
    scientific = pc.match_substring(texts, "E").fill_null(False)
    if not pc.any(scientific).as_py():
        return texts
    written = [f"{Decimal(text):f}" for text in texts.filter(scientific).to_pylist()]
    return pc.replace_with_mask(texts, scientific, pa.array(written, pa.string()))


def _timestamps(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    zoned = values.type.tz is not None
    # Without its zone, so that Arrow needs no database of zones: the values are in UTC.
    plain_times = values.view(pa.timestamp(values.type.unit))
    units = 10 ** _SECOND_UNITS[values.type.unit]
    texts = with_far_times(pc.cast(plain_times, pa.string()), values.view(pa.int64()), units)
    if zoned:
        return pc.binary_join_element_wise(texts, pa.scalar("Z"), "")
    if field.kind == "date":
        return pc.replace_substring_regex(texts, _MIDNIGHT, r"\1")
    return texts


def _dates(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    del field
    texts = pc.cast(values, pa.string())
    if pa.types.is_date32(values.type):
        return with_far_times(texts, values.view(pa.int32()), 0)
    days = pc.floor(pc.divide(pc.cast(values.view(pa.int64()), pa.float64()), 86_400_000.0))
    return with_far_times(texts, pc.cast(days, pa.int64()), 0)


def _durations(values: Any, field: Field) -> Any:  # noqa: ANN401 - Arrow arrays
    del field
    scale = _SECOND_UNITS[values.type.unit]
    return pa.array(
        [
            None if units is None else f"{Decimal(units).scaleb(-scale):f} seconds"
            for units in values.cast(pa.int64()).to_pylist()
        ],
        pa.string(),
    )


_Writer = Callable[[Any, Field], Any]
_WRITERS: tuple[tuple[Callable[[Any], bool], _Writer], ...] = (
    (pa.types.is_floating, _floats),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_timestamp, _timestamps),
    (pa.types.is_date, _dates),
    (pa.types.is_duration, _durations),
    (pa.types.is_string, _text),
    (pa.types.is_large_string, _text),
    (pa.types.is_string_view, _text),
    (pa.types.is_binary, _binary),
    (pa.types.is_large_binary, _binary),
    (pa.types.is_binary_view, _binary),
    (pa.types.is_fixed_size_binary, _binary),
)


def strings(values: Any, field: Field) -> list[str | None]:  # noqa: ANN401 - Arrow arrays
    """The texts of scalars as Python strings; bytes that are not UTF-8 raise ValueError."""
    if pa.types.is_boolean(values.type):
        values = pc.if_else(values, "true", "false")
    texts = scalar_texts(values, field).cast(pa.binary()).to_pylist()
    return [None if text is None else text.decode() for text in texts]
