"""Reads the head of a file: compression, encoding, format, delimiter, header."""

import re
from collections.abc import Iterator
from itertools import chain

from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.compression import Compression, compression_of, unpacked
from waybill.records.dialect import Head, sniff_delimiter
from waybill.records.encodings import (
    MARK,
    Encoding,
    encoding_named,
    is_wide,
    marked_encoding,
    narrowed,
)
from waybill.records.header import column_of, document_fields, is_header, named_columns
from waybill.records.json_head import json_layout
from waybill.records.layout import FileFormat, Layout

_MOST = 1024 * 1024
_FIRST = 1000
_LOOKS_WIDE = "There are NUL bytes, as in UTF-16 without a byte order mark: declare its encoding."
# An object, or an array of objects: what else begins with a bracket may well be CSV.
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
    """The layout of the file that begins with `head`; `whole` says that nothing comes after.

    `delimiter` and `encoding` are what the client asked for; they go before the contract's. A
    byte order mark goes before all. Without a header the fields are the contract's columns in
    the order of the table.

    Raises:
        Rejected: `empty-file`, or a header with `unknown-columns`, `duplicate-columns` or
            `missing-columns`, or `missing-header` where it is needed; `corrupt-file`.
        BadRequest: `bad-delimiter`, `bad-encoding`: it cannot be one.
    """
    compression = compression_of(head)
    if compression:
        head, whole = _unpacked(head, compression, whole=whole)
    found, warnings = _encoding(head, contract, encoding)
    if is_wide(found):
        head = b"".join(narrowed([head] if whole else [head[: len(head) & ~1]], found))
    skipped = len(MARK) if head.startswith(MARK) and found not in ("latin-1", "windows-1252") else 0
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


def _unpacked(head: bytes, compression: Compression, *, whole: bool) -> tuple[bytes, bool]:
    """The beginning of what is in a compressed object, and whether that is all."""
    pieces: Iterator[bytes] = unpacked([head], compression, whole=whole)
    kept = b""
    for piece in pieces:
        kept += piece
        if len(kept) > _MOST:
            return kept[:_MOST], False
    return kept, whole


def _encoding(
    head: bytes, contract: Contract, asked: str | None
) -> tuple[Encoding, tuple[str, ...]]:
    declared = asked or contract.encoding
    marked = marked_encoding(head)
    try:
        named = encoding_named(declared) if declared else marked or "utf-8"
    except ValueError as error:
        raise BadRequest("bad-encoding", f"{error}.") from error
    if marked and declared and named not in (marked, None):
        return marked, (f"Read as {marked}, as its byte order mark says, not as {declared}.",)
    if not marked and named is None:
        detail = "UTF-16 without a byte order mark: say utf-16-le or utf-16-be."
        raise BadRequest("bad-encoding", detail)
    if not declared and not marked and b"\0" in head[:_FIRST]:
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


def _csv(text: Head, contract: Contract, asked: str | None) -> Layout:
    dialect = sniff_delimiter(text, contract, asked)
    first = next(iter(text.records(dialect.delimiter, 1)), None)
    if first is None and text.whole:
        raise Rejected("empty-file", "The file holds no record.")
    cells = first.cells if first else []
    fields: tuple[str, ...] = ()
    columns: tuple[str, ...]
    if contract.document:
        header, fields, columns = True, document_fields(cells), (contract.document,)
    elif is_header(cells, contract):
        header, columns = True, named_columns(cells, contract)
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
        warnings=tuple(chain(dialect.warnings, () if header else _doubts(cells, contract))),
    )


def _doubts(cells: list[str] | None, contract: Contract) -> tuple[str, ...]:
    if contract.header == "absent" or not any(column_of(cell, contract) for cell in cells or ()):
        return ()
    return ("The first line names a column but was read as a record, as not all of it are names.",)
