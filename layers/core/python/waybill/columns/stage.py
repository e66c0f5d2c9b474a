"""The staging table's schema in Arrow, and its encoding for PostgreSQL's binary COPY."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from pgpq import ArrowToPostgresBinaryEncoder, encoders
from pgpq.schema import Jsonb

from waybill.columns.check_result import Array
from waybill.contract.model import Column, Contract
from waybill.records.layout import Layout

JSONB = {"type": "jsonb"}
"""Metadata of a field that is encoded as jsonb."""
_TYPES = {
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", "UTC"),
    "text": pa.string(),
}
# Explicit, because the encoders that pgpq infers may change between versions.
_ENCODERS = {
    pa.int16(): encoders.Int16EncoderBuilder,
    pa.int32(): encoders.Int32EncoderBuilder,
    pa.int64(): encoders.Int64EncoderBuilder,
    pa.float32(): encoders.Float32EncoderBuilder,
    pa.float64(): encoders.Float64EncoderBuilder,
    pa.bool_(): encoders.BooleanEncoderBuilder,
    pa.date32(): encoders.Date32EncoderBuilder,
    pa.timestamp("us"): encoders.TimestampMicrosecondEncoderBuilder,
    pa.timestamp("us", "UTC"): encoders.TimestampMicrosecondEncoderBuilder,
    pa.string(): encoders.StringEncoderBuilder,
    pa.binary(): encoders.BinaryEncoderBuilder,
    pa.binary(16): encoders.FixedSizeBinaryEncoderBuilder,
}
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
"""The binary format's signature, with no flags and no extension."""
COPY_TRAILER = b"\xff\xff"
"""What ends the rows of the binary format."""
CHUNK, LINE, RAW = "_waybill_chunk", "_waybill_line", "_waybill_raw"
ABSENT = "_waybill_absent"


def stage_type(column: Column) -> Array:
    """The Arrow type of a column in the staging table."""
    return _TYPES[column.stage]


def tracks_absence(contract: Contract, layout: Layout) -> bool:
    """Whether the staging table says which columns each record lacks."""
    return layout.file_format.startswith("json") and contract.document is None


def stage_schema(contract: Contract, layout: Layout) -> Array:
    """The staging table: chunk, line, the contract's columns, raw text and absent columns."""
    fields = [pa.field(CHUNK, pa.int32()), pa.field(LINE, pa.int64())]
    fields += [pa.field(column.name, stage_type(column)) for column in contract.columns]
    if contract.keeps_raw:
        fields.append(pa.field(RAW, pa.string()))
    if tracks_absence(contract, layout):
        fields.append(pa.field(ABSENT, pa.string(), metadata=JSONB))
    return pa.schema(fields)


class RowEncoder:
    """Encodes rows of one table for `COPY … FROM STDIN (FORMAT binary)`."""

    def __init__(self, schema: Array) -> None:
        self._schema = schema
        self._builders: dict[str, Any] = {
            field.name: encoders.StringEncoderBuilder.new_with_output(field, Jsonb())
            if field.metadata == {b"type": b"jsonb"}
            else _ENCODERS[field.type](field)
            for field in schema
        }

    def encode(self, batches: Iterable[pa.RecordBatch]) -> list[bytes]:
        """The rows in parts, without the header and trailer of a COPY."""
        # An encoder keeps rows back until it is finished, so each call has one of its own.
        encoder = ArrowToPostgresBinaryEncoder.new_with_encoders(self._schema, self._builders)
        header = encoder.write_header()
        if header != COPY_HEADER:
            raise AssertionError("another header than that of the binary format")
        # In parts, since to join them would need their memory twice.
        parts = [*map(encoder.write_batch, batches), encoder.finish()]
        parts[-1] = parts[-1][: -len(COPY_TRAILER)]
        return [part for part in parts if part]
