"""The SQL type that holds every value of a column of Parquet or Arrow."""

from typing import Any

import pyarrow as pa

_Test = tuple[Any, str]
_TYPES: tuple[_Test, ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_int8, "smallint"),
    (pa.types.is_uint8, "smallint"),
    (pa.types.is_int16, "smallint"),
    (pa.types.is_uint16, "integer"),
    (pa.types.is_int32, "integer"),
    (pa.types.is_uint32, "bigint"),
    (pa.types.is_int64, "bigint"),
    (pa.types.is_uint64, "numeric"),
    (pa.types.is_float16, "real"),
    (pa.types.is_float32, "real"),
    (pa.types.is_float64, "double precision"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (pa.types.is_duration, "interval"),
    (pa.types.is_binary, "bytea"),
    (pa.types.is_large_binary, "bytea"),
    (pa.types.is_binary_view, "bytea"),
    (pa.types.is_fixed_size_binary, "bytea"),
    (pa.types.is_nested, "jsonb"),
)


def sql_type(kind: Any) -> str:  # noqa: ANN401 - an Arrow type
    """The type as SQL has it: `numeric(10,2)`; `text` where no other type is sure to fit."""
    kind = _plain(kind)
    if isinstance(kind, pa.UuidType):
        return "uuid"
    if isinstance(kind, pa.JsonType):
        return "jsonb"
    if isinstance(kind, pa.BaseExtensionType):
        return sql_type(kind.storage_type)
    if pa.types.is_timestamp(kind):
        return "timestamp" if kind.tz is None else "timestamptz"
    if pa.types.is_decimal(kind):
        holds = 0 <= kind.scale <= kind.precision
        return f"numeric({kind.precision},{kind.scale})" if holds else "numeric"
    return next((name for test, name in _TYPES if test(kind)), "text")


def _plain(kind: Any) -> Any:  # noqa: ANN401 - an Arrow type
    """The type of the values of dictionaries and runs."""
    while pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        kind = kind.value_type
    return kind


def describe_schema(schema: Any) -> dict[str, Any]:  # noqa: ANN401 - an Arrow schema
    """Names and types of the columns, which are nested, and the SQL types that hold them."""
    return {
        "columns": [[field.name, str(field.type)] for field in schema],
        "nested": [pa.types.is_nested(_plain(field.type)) for field in schema],
        "sql_types": [sql_type(field.type) for field in schema],
    }
