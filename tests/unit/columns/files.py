"""Read whole files as plan and load do together; the result of every record."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from waybill.binary.layout import binary_layout, binary_ranges
from waybill.binary.reading import read_binary
from waybill.binary.recognise import binary_format
from waybill.binary.source import BytesSource
from waybill.columns.check import Checker
from waybill.columns.stage import ABSENT
from waybill.contract.model import Contract
from waybill.records.block import Block
from waybill.records.chunking import ChunkRange, chunk_ranges
from waybill.records.compression import Limits
from waybill.records.layout import Layout
from waybill.records.reading import read_records
from waybill.records.sniffer import sniff_layout


class File(NamedTuple):
    """Rows as the staging table gets them, and rejects by line."""

    layout: Layout
    rows: list[dict[str, Any]]
    rejects: dict[int, dict[str, Any]]
    read: int
    absent: list[str | None]
    """Of each row of a JSON file, the names of the columns that it lacks."""
    warnings: list[str]
    """Of all chunks."""
    filtered: int

    @property
    def values(self) -> list[tuple[Any, ...]]:
        """The rows without `_chunk` and `_line`."""
        return [tuple(row.values())[2:] for row in self.rows]

    def codes(self, line: int) -> list[tuple[str | None, str]]:
        """(column, code) of each reason of a reject."""
        return [(error["column"], error["code"]) for error in self.rejects[line]["errors"]]


def slices(data: bytes, size: int) -> Iterator[bytes]:
    """The bytes in blocks of this size."""
    return (data[at : at + size] for at in range(0, len(data), size))


def ranges_of(
    data: bytes, layout: Layout, block: int, chunk_bytes: int | None
) -> Iterable[ChunkRange]:
    """The chunks of the file; one if it is a stream, or without `chunk_bytes`."""
    begin = layout.data_offset
    if layout.is_binary:
        return binary_ranges(BytesSource(data), layout, chunk_bytes or len(data))
    if chunk_bytes and not layout.is_stream:
        return chunk_ranges(slices(data[begin:], block), layout, chunk_bytes)
    return [ChunkRange(0 if layout.is_stream else begin, len(data), layout.first_line)]


def blocks_of(
    contract: Contract, layout: Layout, data: bytes, part: ChunkRange, block: int
) -> Iterator[Block]:
    """The blocks of a chunk."""
    if layout.is_binary:
        return read_binary(BytesSource(data), layout, contract, part, Limits())
    start, stop, line = part
    last = stop == len(data)
    return read_records(slices(data[start:stop], block), layout, line, last=last)


def read_file(
    contract: Contract,
    data: bytes,
    *,
    block: int = 1 << 20,
    chunk_bytes: int | None = None,
    **query: str | None,
) -> File:
    """The result of checking the file, read in one chunk or in several."""
    if file_format := binary_format(data):
        layout = binary_layout(BytesSource(data), file_format, contract)
    else:
        layout = sniff_layout(data[: 1 << 20], contract, whole=len(data) <= 1 << 20, **query)
    rows: list[dict[str, Any]] = []
    rejects: dict[int, dict[str, Any]] = {}
    warnings: list[str] = []
    read = filtered = 0
    for number, part in enumerate(ranges_of(data, layout, block, chunk_bytes)):
        checker = Checker(contract, layout, number)
        for found in blocks_of(contract, layout, data, part, block):
            checked = checker.check(found)
            read += checked.read
            filtered += checked.filtered
            rows += checked.staged.to_pylist()
            for reject in (row for batch in checked.rejects for row in batch.to_pylist()):
                parsed = {name: json.loads(reject[name]) for name in ("values", "errors")}
                rejects[reject["line"]] = {"raw": reject["raw"], **parsed}
        warnings += checker.warnings
    assert read == len(rows) + len(rejects) + filtered
    absent = [row.pop(ABSENT, None) for row in rows]
    return File(layout, rows, rejects, read, absent, warnings, filtered)
