"""Timestamps of 96 bits are exact for any day that they can say."""

import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from waybill.contract.model import Format
from waybill.errors import Rejected

_EPOCH_DAY = 2_440_588
_DAY = 86_400 * 10**6
_KNOWN = 111 * _DAY + 1
"""A day of the sample, to find its bytes by."""


def file_of(values: pa.Array, day: int, nanoseconds: int) -> bytes:
    """A file with the column `t`, in which the known time is another."""
    sink = pa.BufferOutputStream()
    table = pa.table({"n": pa.array(range(len(values)), pa.int64()), "t": values})
    pq.write_table(
        table, sink, use_deprecated_int96_timestamps=True, use_dictionary=False,
        compression="none", write_statistics=False,
    )  # fmt: skip
    data = bytes(sink.getvalue())
    known = struct.pack("<qI", 1000, _EPOCH_DAY + 111)
    assert data.count(known) >= 1
    return data.replace(known, struct.pack("<qI", nanoseconds, day))


def read(kind: str, day: int, nanoseconds: int = 0, **formats: Format) -> File:
    times = pa.array([-1, _KNOWN, None, 5 * _DAY], pa.timestamp("us"))
    target = contract(column("n", "int8"), column("t", kind), formats=formats)
    return read_file(target, file_of(times, day, nanoseconds))


@pytest.mark.parametrize("day", [110_000_000, 2**31, 2**32 - 1, 215_941_396])
def test_a_day_that_overflows_is_a_reject(day: int) -> None:
    file = read("timestamp", day, 10**9)
    assert file.codes(2) == [("t", "invalid_timestamp")]
    assert [row["n"] for row in file.rows] == [0, 2, 3]


def test_its_text_is_exact() -> None:
    texts = [row["t"] for row in read("text", 110_000_000, 3_661 * 10**9).rows]
    assert texts == [
        "1969-12-31 23:59:59.999999", "296457-09-01 01:01:01", None, "1970-01-06 00:00:00.000000",
    ]  # fmt: skip


def test_the_other_times_keep_their_format() -> None:
    file = read("date", 2**31, t=Format(date="DD/MM/YYYY"))
    assert [(row["n"], str(row["t"])) for row in file.rows] == [(2, "None"), (3, "1970-01-06")]
    assert file.codes(1) == file.codes(2) == [("t", "invalid_date")]


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.timestamp("us")),
        pa.struct([("at", pa.timestamp("us")), ("by", pa.string())]),
        pa.map_(pa.string(), pa.timestamp("us")),
    ],
)
def test_within_nested_values_it_is_refused(kind: pa.DataType) -> None:
    value: dict[type, object]
    value = {pa.ListType: [-1, _KNOWN], pa.StructType: {"at": _KNOWN}, pa.MapType: [("a", _KNOWN)]}
    values = pa.array([value[type(kind)], None], kind)
    target = contract(column("n", "int8"), column("t", "jsonb"))
    assert len(read_file(target, file_of(values, _EPOCH_DAY + 1, 0)).rows) == 2
    with pytest.raises(Rejected, match="has a time after 294246"):
        read_file(target, file_of(values, 2**31, 0))
