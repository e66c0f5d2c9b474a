"""JSON Schema (2020-12) of a row of a dataset, derived from its contract."""

from typing import Any

from waybill.contract.model import Column, Contract

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_INTEGER_BITS = {"int2": 16, "int4": 32, "int8": 64}
_PLAIN: dict[str, dict[str, Any]] = {
    "float4": {"type": "number"},
    "float8": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "time": {"type": "string", "format": "time"},
    "timestamp": {"type": "string", "format": "date-time"},
    "timestamptz": {"type": "string", "format": "date-time"},
    "interval": {"type": "string"},
    "uuid": {"type": "string", "format": "uuid"},
    "json": {},
    "jsonb": {},
}


def _numeric(column: Column) -> dict[str, Any]:
    if column.precision is None:
        return {"type": "number"}
    scale = column.scale or 0
    # Exclusive bounds: numeric(5,2) holds values below 1000.
    bound = 10 ** (column.precision - scale)
    # No multipleOf for fractions: validators divide binary floats and would reject 0.07.
    whole = {"multipleOf": 10**-scale} if scale <= 0 else {}
    return {"type": "number", "exclusiveMinimum": -bound, "exclusiveMaximum": bound, **whole}


def _type(column: Column) -> dict[str, Any]:
    if bits := _INTEGER_BITS.get(column.kind):
        bound = 2 ** (bits - 1)
        return {"type": "integer", "minimum": -bound, "maximum": bound - 1}
    if column.kind == "numeric":
        return _numeric(column)
    if column.kind in _PLAIN:
        return dict(_PLAIN[column.kind])
    # Values of all other types are strings.
    limit = {} if column.max_length is None else {"maxLength": column.max_length}
    return {"type": "string", **limit}


def column_schema(column: Column) -> dict[str, Any]:
    """The schema of a column's value."""
    schema = _type(column)
    if column.nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
    if column.comment:
        schema["description"] = column.comment
    if column.personal:
        schema["x-personal"] = True
    return schema


def row_schema(contract: Contract) -> dict[str, Any]:
    """The schema of a row: an object with one property per column and no others."""
    about = {"description": contract.comment} if contract.comment else {}
    return {
        "$schema": _DIALECT,
        "title": contract.name,
        **about,
        "type": "object",
        "properties": {column.name: column_schema(column) for column in contract.columns},
        "required": [column.name for column in contract.columns if column.required],
        "additionalProperties": False,
    }
