"""The layout of a binary file, from its own description."""

from itertools import pairwise
from typing import Any, NamedTuple

from waybill.binary.decoder import describe
from waybill.binary.sheet_layout import sheet_layout
from waybill.binary.source import Source
from waybill.binary.task import BinaryFormat, Task
from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.chunking import ChunkRange
from waybill.records.compression import Limits
from waybill.records.csv_head import matched_layout
from waybill.records.header import match_header
from waybill.records.layout import Layout

MEMORY_BYTES = 160 * 1024 * 1024
"""What decoding a file may need, so that a loader stays below 300 MB."""
_DECLARED = {"parquet": ("parquet",), "arrow": ("arrow-file", "arrow-stream"), "xlsx": ("xlsx",)}
_JSON_KINDS = ("json", "jsonb")
_SHOWN = 20


def binary_layout(source: Source, file_format: BinaryFormat, contract: Contract) -> Layout:
    """The layout of the file.

    Raises:
        Rejected: `unsupported-file`, `corrupt-file`, `decompression-limit`, or the columns do not
            match: `unknown-columns`, `duplicate-columns`, `missing-columns`.
        Retryable: the source cannot be read.
    """
    return described_layout(describe_file(source, file_format, contract), file_format, contract)


def describe_file(source: Source, file_format: BinaryFormat, contract: Contract) -> dict[str, Any]:
    """What the file says of itself: of a workbook, of the sheet that the contract names.

    Raises:
        Rejected: `unsupported-file`, `corrupt-file` or `decompression-limit`.
        Retryable: the source cannot be read.
    """
    check_declared(file_format, contract)
    return describe(source, _description_task(source, file_format, contract))


def described_layout(
    description: dict[str, Any], file_format: BinaryFormat, contract: Contract
) -> Layout:
    """The layout of the file with this description.

    Raises:
        Rejected: as `binary_layout`.
    """
    if file_format == "xlsx":
        return sheet_layout(description, contract)
    names = [name for name, _ in description["columns"]]
    if not names:
        raise Rejected("empty-file", "The file has no columns.")
    layout = Layout(
        file_format=file_format,
        header=True,
        columns=(contract.document,) if contract.document else (),
        fields=tuple(names) if contract.document else (),
        data_offset=0,
        first_line=1,
    )
    if contract.document:
        _check_unique(names)
        return layout
    layout = matched_layout(layout, match_header(names, contract), contract)
    _check_types(description, layout, contract)
    return layout


def _description_task(source: Source, file_format: BinaryFormat, contract: Contract) -> Task:
    limits = Limits()
    return Task(
        file_format,
        source.size,
        MEMORY_BYTES,
        sheet=contract.sheet,
        trim=contract.trim,
        null_words=contract.null_words,
        output_bytes=limits.output_bytes,
        ratio=limits.ratio,
    )


def check_declared(file_format: BinaryFormat, contract: Contract) -> None:
    """Refuse a file of another format than the dataset declares.

    Raises:
        Rejected: `unsupported-file`.
    """
    declared = contract.file_format
    if declared != "auto" and file_format not in _DECLARED.get(declared, ()):
        detail = f"The file is {file_format}, but the dataset takes {declared} files only."
        raise Rejected("unsupported-file", detail)


def _check_unique(names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        shown = ", ".join(repr(name[:80]) for name in repeated[:_SHOWN])
        raise Rejected("duplicate-columns", f"The file has these columns twice: {shown}.")


def _check_types(description: dict[str, Any], layout: Layout, contract: Contract) -> None:
    """Refuse nested values for a column that can hold none, once instead of in every record."""
    for name, is_nested, (_, found) in zip(
        layout.field_columns, description["nested"], description["columns"], strict=True
    ):
        kind = contract.column(name).kind if name else "jsonb"
        if is_nested and kind not in _JSON_KINDS and not kind.startswith("_"):
            detail = f"The values of {name} are {found[:200]}; the column is {kind}."
            raise Rejected("unsupported-file", detail)


def binary_ranges(
    source: Source, layout: Layout, chunk_bytes: int, begin: int = 0
) -> list[ChunkRange]:
    """Divide a Parquet file at row groups, from the byte `begin`; other files are one chunk.

    A row group belongs to the chunk in which it begins. Row groups that are not stored in their
    order make one chunk.

    Raises:
        Rejected, Retryable: as `binary_layout`.
    """
    whole = ChunkRange(0, source.size, layout.first_line)
    if begin == source.size:
        return []
    # A plan that goes on does so at a row group, even if chunks may be larger by now.
    if layout.file_format != "parquet" or (begin == 0 and source.size <= chunk_bytes):
        return [whole]
    task = Task("parquet", source.size, MEMORY_BYTES)
    parts = [_Part(int(offset), int(rows)) for offset, rows in describe(source, task)["parts"]]
    ordered = all(low.offset < high.offset < source.size for low, high in pairwise(parts))
    if not ordered or any(part.rows < 0 for part in parts):
        return [whole]
    return _ranges(parts, whole, chunk_bytes, begin)


class _Part(NamedTuple):
    offset: int
    rows: int


def _ranges(
    parts: list[_Part], whole: ChunkRange, chunk_bytes: int, begin: int
) -> list[ChunkRange]:
    ranges = []
    following = whole.first_line + sum(part.rows for part in parts if part.offset < begin)
    line = following
    for part in parts:
        if part.offset < begin:
            continue
        if part.offset - begin >= chunk_bytes:
            ranges.append(ChunkRange(begin, part.offset, line))
            begin, line = part.offset, following
        following += part.rows
    return [*ranges, ChunkRange(begin, whole.byte_to, line)]
