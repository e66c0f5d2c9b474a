"""Detect the layout of a file from its head: compression, encoding, format, delimiter, header."""

import re
from collections.abc import Iterator
from itertools import chain

from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.compression import Compression, decompressed, detect_compression
from waybill.records.dialect import Head, sniff_delimiter
from waybill.records.encodings import (
    BOM,
    Encoding,
    bom_encoding,
    encoding_by_name,
    is_utf16,
    utf16_to_utf8,
)
from waybill.records.header import document_fields, find_column, is_header, match_header
from waybill.records.json_head import json_layout
from waybill.records.layout import FileFormat, Layout

_HEAD_BYTES = 1024 * 1024
_NUL_SAMPLE_BYTES = 1000
_LOOKS_WIDE = (
    "The file contains NUL bytes and may be UTF-16 without a byte order mark: declare the encoding."
)
# Only an object or an array of objects; other text that begins with a bracket may be CSV.
_OBJECT = re.compile(rb'\s*\{\s*(?:"|\}[ \t]*(?:[\r\n]|\Z))')
_ARRAY = re.compile(rb'\s*\[\s*(?:\{\s*["}]|\]\s*\Z)')


def sniff_layout(
    head: bytes,
    contract: Contract,
    *,
    whole: bool,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Layout:
    """The layout of the file that begins with `head`; with `whole`, the head is the whole file.

    `delimiter` and `encoding` are the client's and override the contract's; a byte order mark
    overrides both. Without a header the fields are the contract's columns in table order.

    Raises:
        Rejected: `empty-file`, or a header with `unknown-columns`, `duplicate-columns` or
            `missing-columns`, or `missing-header` where one is required; `corrupt-file`.
        BadRequest: `bad-delimiter` or `bad-encoding`.
    """
    compression = detect_compression(head)
    if compression:
        head, whole = _decompressed(head, compression, whole=whole)
    found, warnings = _encoding(head, contract, encoding)
    if is_utf16(found):
        head = b"".join(utf16_to_utf8([head] if whole else [head[: len(head) & ~1]], found))
    skipped = len(BOM) if head.startswith(BOM) and found not in ("latin-1", "windows-1252") else 0
    text = Head(head[skipped:], found, whole)
    file_format = _format(text.data, contract)
    if file_format == "csv":
        layout = _csv(text, contract, delimiter)
    else:
        layout = json_layout(text, file_format, contract)
    return layout.model_copy(
        update={
            "compression": compression,
            "encoding": found,
            "data_offset": layout.data_offset + skipped,
            "warnings": warnings + layout.warnings,
        }
    )


def _decompressed(head: bytes, compression: Compression, *, whole: bool) -> tuple[bytes, bool]:
    """The beginning of the decompressed text, and whether it is complete."""
    pieces: Iterator[bytes] = decompressed([head], compression, whole=whole)
    kept = b""
    for piece in pieces:
        kept += piece
        if len(kept) > _HEAD_BYTES:
            return kept[:_HEAD_BYTES], False
    return kept, whole


def _encoding(
    head: bytes, contract: Contract, requested: str | None
) -> tuple[Encoding, tuple[str, ...]]:
    declared = requested or contract.encoding
    marked = bom_encoding(head)
    try:
        named = encoding_by_name(declared) if declared else marked or "utf-8"
    except ValueError as error:
        raise BadRequest("bad-encoding", f"{error}.") from error
    if marked and declared and named not in (marked, None):
        return marked, (f"Read as {marked}, as its byte order mark says, not as {declared}.",)
    if not marked and named is None:
        detail = "UTF-16 without a byte order mark: declare utf-16-le or utf-16-be."
        raise BadRequest("bad-encoding", detail)
    if not declared and not marked and b"\0" in head[:_NUL_SAMPLE_BYTES]:
        return "utf-8", (_LOOKS_WIDE,)
    return marked or named or "utf-8", ()


def _format(text: bytes, contract: Contract) -> FileFormat:
    if contract.file_format == "csv":
        return "csv"
    if contract.file_format == "json":
        return "json-array" if text.lstrip(b" \t\r\n").startswith(b"[") else "json-lines"
    if _ARRAY.match(text):
        return "json-array"
    return "json-lines" if _OBJECT.match(text) else "csv"


def _csv(text: Head, contract: Contract, requested: str | None) -> Layout:
    dialect = sniff_delimiter(text, contract, requested)
    first = next(iter(text.records(dialect.delimiter, 1)), None)
    if first is None and text.whole:
        raise Rejected("empty-file", "The file contains no records.")
    cells = first.cells if first else []
    fields: tuple[str, ...] = ()
    columns: tuple[str, ...]
    if contract.document:
        header, fields, columns = True, document_fields(cells), (contract.document,)
    elif is_header(cells, contract):
        header, columns = True, match_header(cells, contract)
    else:
        header = False
        columns = tuple(column.name for column in contract.columns)
    return Layout(
        delimiter=dialect.delimiter,
        header=header,
        columns=columns,
        fields=fields,
        data_offset=first.end if header and first else 0,
        first_line=first.next_line if header and first else 1,
        warnings=tuple(
            chain(dialect.warnings, () if header else _header_warnings(cells, contract))
        ),
    )


def _header_warnings(cells: list[str] | None, contract: Contract) -> tuple[str, ...]:
    if contract.header == "absent" or not any(find_column(cell, contract) for cell in cells or ()):
        return ()
    return (
        "The first line names a column, but was read as a record: not all its cells are names.",
    )
