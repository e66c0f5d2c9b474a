"""Files that unpack to more than a loader may have, that are damaged or of another kind."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.binary.encode import ENCODERS, arrow_stream, parquet
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.binary.layout import binary_layout, binary_ranges
from waybill.binary.parquet import _records as parquet_records
from waybill.binary.source import BytesSource
from waybill.binary.wide_parquet import range_records
from waybill.errors import Rejected

THINGS = contract(column("a", "int4"), column("b", "text"))
TABLE = pa.table({"a": pa.array(range(1000), pa.int32()), "b": [f"text {n}" for n in range(1000)]})


def _long_dictionary() -> bytes:
    # One value of 4 MiB in 100,000 records: a few kilobytes that mean 400 GiB.
    values = pa.array(["x" * 4 * 1024**2], pa.string())
    indices = pa.array(np.zeros(100_000, np.int32))
    table = pa.table({"b": pa.DictionaryArray.from_arrays(indices, values)})
    return parquet(table, compression="zstd", dictionary_pagesize_limit=16 * 1024**2)


def _shared_prefixes() -> bytes:
    # Each value repeats the one before it, and says so in a byte.
    table = pa.table({"b": ["y" * 1024**2] * 300})
    return parquet(
        table,
        use_dictionary=False,
        column_encoding={"b": "DELTA_BYTE_ARRAY"},
        compression="zstd",
        data_page_size=1024**3,
    )


def _long_list() -> bytes:
    table = pa.table({"c": pa.array([[None] * 50_000_000], pa.list_(pa.int32()))})
    return parquet(table, compression="zstd")


def _zeros() -> bytes:
    """A compressed batch of 800 MB."""
    sink = pa.BufferOutputStream()
    table = pa.table({"a": pa.array(np.zeros(100_000_000, np.int64))})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


BOMBS = {
    "one value of a dictionary in every record": _long_dictionary,
    "prefixes of the value before": _shared_prefixes,
    "a list of millions of nulls": _long_list,
    "one batch of zeros": _zeros,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_with_its_limit(name: str) -> None:
    data = BOMBS[name]()
    wide = contract(column("a", "int4"), column("b", "text"), column("c", "_int4"))
    with pytest.raises(Rejected) as refusal:
        read_file(wide, data)
    assert refusal.value.code in ("decompression-limit", "corrupt-file")
    assert "160 MiB" in refusal.value.detail


def test_few_bytes_that_become_many_are_refused_as_in_a_compressed_file() -> None:
    # A value of 5 kB in ten thousand records.
    values = pa.array(["x" * 5000], pa.string())
    indices = pa.array(np.zeros(10_000, np.int32))
    table = pa.table({"b": pa.DictionaryArray.from_arrays(indices, values)})
    with pytest.raises(Rejected, match=r"decompression-limit.*more than 200 times as many"):
        read_file(contract(column("b", "text")), parquet(table))


@pytest.mark.parametrize("file_format", ENCODERS)
def test_a_truncated_file_is_corrupt(file_format: str) -> None:
    data = ENCODERS[file_format](TABLE)
    for end in (len(data) // 2, len(data) - 20):
        with pytest.raises(Rejected, match="corrupt-file"):
            read_file(THINGS, data[:end])


@pytest.mark.parametrize("file_format", ENCODERS)
def test_damaged_bytes_end_in_a_refusal_or_in_records(file_format: str) -> None:
    data = ENCODERS[file_format](TABLE)
    generator = random.Random(7)
    for _ in range(12):
        damaged = bytearray(data)
        for _ in range(8):
            damaged[generator.randrange(8, len(data))] = generator.randrange(256)
        assert _outcome(bytes(damaged)) in {
            "loaded", "corrupt-file", "unsupported-file", "decompression-limit", "unknown-columns",
            "empty-file", "missing-columns", "duplicate-columns",
        }  # fmt: skip


def _outcome(data: bytes) -> str:
    try:
        file = read_file(THINGS, data)
    except Rejected as refusal:
        return refusal.code
    return "loaded" if file.read == len(file.rows) + len(file.rejects) else "lost"


def test_a_nested_column_for_a_number_is_refused_once() -> None:
    with pytest.raises(Rejected, match=r"The values of a are list<.*int64>; the column is int4"):
        read_file(THINGS, parquet(pa.table({"a": [[1]]})))


def test_a_file_of_another_format_than_declared_is_refused() -> None:
    with pytest.raises(Rejected, match="takes csv files only"):
        read_file(THINGS.model_copy(update={"file_format": "csv"}), parquet(TABLE))
    with pytest.raises(Rejected, match="takes parquet files only"):
        read_file(THINGS.model_copy(update={"file_format": "parquet"}), b"a,b\n1,x\n")
    with pytest.raises(Rejected, match="takes parquet files only"):
        read_file(THINGS.model_copy(update={"file_format": "parquet"}), arrow_stream(TABLE))


def test_chunks_begin_at_row_groups_and_keep_the_number_of_each_record() -> None:
    data = parquet(TABLE, row_group_size=100)
    whole, parts = read_file(THINGS, data), read_file(THINGS, data, chunk_bytes=len(data) // 4)
    assert parts.values == whole.values
    assert len({row["_waybill_chunk"] for row in parts.rows}) > 2
    assert [row["_waybill_line"] for row in parts.rows] == list(range(1, 1001))
    assert [row["_waybill_line"] for row in whole.rows] == list(range(1, 1001))


def test_invalid_records_are_rejects_with_their_values() -> None:
    table = pa.table(
        {
            "a": pa.array([1.5, 2.0, float("nan"), 4.0, 5.0]),
            "b": pa.array([b"x", b"\xff\xfe", b"y", b"n\0l", b"z"], pa.binary()),
        }
    )
    file = read_file(THINGS, parquet(table))
    assert file.values == [(5, "z")]
    assert file.codes(1) == [("a", "invalid_integer")]
    assert file.rejects[1]["raw"] == b'{"a": "1.5", "b": "x"}'
    assert file.rejects[1]["values"] == {"a": "1.5", "b": "x"}
    assert file.codes(2) == [(None, "invalid_utf8")]
    assert file.codes(3) == [("a", "invalid_integer")]
    assert file.codes(4) == [(None, "nul_byte")]


def test_typed_values_are_written_in_the_declared_formats() -> None:
    formats = {
        "n": {"decimal": ",", "thousands": "."},
        "d": {"date": "DD/MM/YYYY"},
        "t": {"date": "DD/MM/YYYY HH24:MI"},
        "b": {"true_words": ["yes"], "false_words": ["no"]},
    }
    target = contract(
        column("n", "numeric"), column("d", "date"), column("t", "timestamp"), column("b", "bool"),
        formats=formats,
    )  # fmt: skip
    table = pa.table(
        {
            "n": pa.array([1234.5, 0.25]),
            "d": pa.array([0, 1], pa.int32()).view(pa.date32()),
            # The declared pattern has no seconds, so that these cannot be written.
            "t": pa.array([60, 61], pa.timestamp("s")),
            "b": [True, False],
        }
    )
    file = read_file(target, parquet(table))
    assert [str(value) for value in file.values[0]] == [
        "1234.5", "1970-01-01", "1970-01-01 00:01:00", "True",
    ]  # fmt: skip
    assert file.codes(2) == [("t", "invalid_timestamp")]


def test_a_timestamp_of_96_bits_keeps_its_microseconds() -> None:
    table = pa.table({"t": pa.array([-(10**16), 123456], pa.timestamp("us"))})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, use_deprecated_int96_timestamps=True)
    file = read_file(contract(column("t", "timestamp")), bytes(sink.getvalue()))
    assert [row["t"] for row in file.rows] == table["t"].to_pylist()


def test_a_plan_that_was_interrupted_goes_on_with_the_same_chunks() -> None:
    data = parquet(TABLE, row_group_size=50)
    source = BytesSource(data)
    layout = binary_layout(source, "parquet", THINGS)
    ranges = binary_ranges(source, layout, len(data) // 5)
    assert len(ranges) > 3
    assert (ranges[0].byte_from, ranges[-1].byte_to) == (0, len(data))
    for at, part in enumerate(ranges):
        assert binary_ranges(source, layout, len(data) // 5, part.byte_from) == ranges[at:]
        # Also if chunks have become larger than the file.
        (*_, last) = binary_ranges(source, layout, len(data), part.byte_from)
        assert (last.byte_from, last.first_line) == (part.byte_from, part.first_line)
    assert binary_ranges(source, layout, len(data) // 5, len(data)) == []


def test_maps_of_a_large_batch_are_written_part_by_part() -> None:
    maps = [[(f"key{at}", "x" * 40) for at in range(15)]] * 40_000
    table = pa.table({"m": pa.array(maps, pa.map_(pa.string(), pa.string()))})
    file = read_file(contract(column("m", "jsonb")), arrow_stream(table))
    assert len(file.rows) == len(maps)
    assert file.rows[-1]["m"] == json.dumps(dict(maps[0]))


def test_the_messages_of_parquet_name_row_group_and_row() -> None:
    # A record in the last row of a group, and the first one of the next.
    values = [str(n) for n in range(10)]
    values[3], values[4], values[9] = "x", "y", "z"
    data = parquet(pa.table({"a": values, "b": values}), row_group_size=4)
    for chunk_bytes in (1, 10**9):
        rejects = read_file(THINGS, data, chunk_bytes=chunk_bytes).rejects
        messages = {line: reject["errors"][0]["message"] for line, reject in rejects.items()}
        assert messages == {
            4: "expected a whole number, found 'x' (row group 0, row 4)",
            5: "expected a whole number, found 'y' (row group 1, row 1)",
            10: "expected a whole number, found 'z' (row group 2, row 2)",
        }


class _Group:
    """What a footer may say."""

    def __init__(self, rows: int, size: int, columns: int) -> None:
        self.num_rows, self.total_byte_size, self.num_columns = rows, size, columns


@pytest.mark.parametrize("rows", [-1, 0, 1, 7, 2**62])
@pytest.mark.parametrize("size", [-(2**63), -9, -8, -1, 0, 1, 2**62])
def test_sizes_that_lie_divide_nothing_by_zero(rows: int, size: int) -> None:
    group = _Group(rows, size, 1)
    assert 64 <= parquet_records(group) <= 8192
    with suppress(MemoryError):
        assert range_records(group) >= 1


@pytest.mark.parametrize("deltas", [True, False])
@pytest.mark.parametrize("opened", [pa.ipc.new_stream, pa.ipc.new_file])
def test_dictionaries_may_grow_and_a_stream_may_replace_them(
    opened: Callable[..., Any], *, deltas: bool
) -> None:
    batches = [
        pa.record_batch(
            [
                pa.array(ids, pa.int32()),
                pa.DictionaryArray.from_arrays(pa.array(at, pa.int32()), pa.array(words)),
            ],
            ["a", "b"],
        )
        for ids, at, words in (
            ([1, 2], [0, 1], ["x", "y"]),
            ([3, 4], [2, 0], ["x", "y", "z"]),
            ([5], [0], ["other"]),
        )
    ]
    if opened is pa.ipc.new_file:
        # A file has one dictionary, which only grows.
        batches, deltas = batches[:2], True
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=deltas)
    with opened(sink, batches[0].schema, options=options) as writer:
        for batch in batches:
            writer.write_batch(batch)
    found = [row["b"] for row in read_file(THINGS, bytes(sink.getvalue())).rows]
    assert found == ["x", "y", "z", "x", "other"][: len(found)]
    assert len(found) == sum(batch.num_rows for batch in batches)
