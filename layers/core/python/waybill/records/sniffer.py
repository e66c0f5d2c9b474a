"""Detect the layout of a file from its head: compression, encoding, format, delimiter, header."""

from collections.abc import Iterator
from typing import NamedTuple

from waybill.binary.layout import binary_layout
from waybill.binary.recognise import binary_format
from waybill.binary.source import BytesSource
from waybill.contract.model import Contract
from waybill.errors import BadRequest, Rejected
from waybill.records.compression import Compression, decompressed, detect_compression
from waybill.records.csv_head import csv_layout
from waybill.records.encodings import (
    BOM,
    Encoding,
    bom_encoding,
    encoding_by_name,
    is_utf16,
    utf16_to_utf8,
)
from waybill.records.foreign import refuse_foreign
from waybill.records.head import Head
from waybill.records.json_head import json_format, json_layout, not_records, refuse_other_json
from waybill.records.layout import Layout
from waybill.records.trimming import BLANKS

_HEAD_BYTES = 1024 * 1024
_NUL_SAMPLE_BYTES = 1000
_BINARY = ("parquet", "arrow", "xlsx")
_NOT_WHOLE = "Only a whole file of this format can be read"
_LOOKS_LIKE_UTF16 = (
    "The file contains NUL bytes and may be UTF-16 without a byte order mark: declare the encoding."
)


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
    overrides both. Without a header the fields are the contract's columns in table order. A
    binary file must be whole.

    Raises:
        Rejected: `empty-file`, `unsupported-file`, `corrupt-file`, `undeclared-encoding`,
            `ambiguous-delimiter`, `broken-json`, or a header with `unknown-columns`,
            `duplicate-columns` or `missing-columns`, or `missing-header` where one is required.
        BadRequest: `bad-delimiter` or `bad-encoding`.
    """
    source = BytesSource(head) if whole else None
    if file_format := binary_format(head, source):
        if source is None:
            raise Rejected("unsupported-file", f"{_NOT_WHOLE} ({file_format}).")
        return binary_layout(source, file_format, contract)
    if contract.file_format in _BINARY:
        detail = f"The dataset takes {contract.file_format} files only."
        raise Rejected("unsupported-file", f"{detail} This file is none.")
    text = sniff_text(head, whole=whole, declared=encoding or contract.encoding)
    layout = _layout(text.head, contract, delimiter)
    return layout.model_copy(
        update={
            "compression": text.compression,
            "encoding": text.head.encoding,
            "data_offset": layout.data_offset + text.skipped,
            "warnings": text.warnings + layout.warnings,
        }
    )


class SniffedText(NamedTuple):
    """The beginning of the text of a file."""

    head: Head
    compression: Compression | None
    skipped: int
    """Bytes of the text before the head: its byte order mark."""
    warnings: tuple[str, ...]


def sniff_text(head: bytes, *, whole: bool, declared: str | None = None) -> SniffedText:
    """Compression and encoding of the file that begins with `head`, and the text of it.

    Raises:
        Rejected: `unsupported-file`, `corrupt-file` or `undeclared-encoding`.
        BadRequest: `bad-encoding`.
    """
    compression = detect_compression(head)
    if compression:
        head, whole = _decompressed(head, compression, whole=whole)
    refuse_foreign(head, compression)
    found, warnings = _encoding(head, declared)
    if is_utf16(found):
        head = b"".join(utf16_to_utf8([head] if whole else [head[: len(head) & ~1]], found))
    skipped = len(BOM) if head.startswith(BOM) and found not in ("latin-1", "windows-1252") else 0
    text = Head(head[skipped:], found, whole)
    refuse_foreign(text.data)
    return SniffedText(text, compression, skipped, warnings)


def _layout(text: Head, contract: Contract, delimiter: str | None) -> Layout:
    if contract.file_format == "csv":
        return csv_layout(text, contract, delimiter)
    if file_format := json_format(text.data, contract):
        return json_layout(text, file_format, contract)
    refuse_other_json(text.data)
    begins_like_json = text.data.lstrip(BLANKS).startswith((b"[", b"{"))
    if begins_like_json and contract.document:
        raise not_records("it is not valid JSON")
    try:
        return csv_layout(text, contract, delimiter)
    except Rejected as error:
        if begins_like_json and error.code in ("unknown-columns", "missing-header"):
            raise not_records("it is neither valid JSON nor CSV of this dataset") from error
        raise


def _decompressed(head: bytes, compression: Compression, *, whole: bool) -> tuple[bytes, bool]:
    """The beginning of the decompressed text, and whether it is complete."""
    pieces: Iterator[bytes] = decompressed([head], compression, whole=whole)
    kept = bytearray()
    for piece in pieces:
        kept += piece
        if len(kept) > _HEAD_BYTES:
            return bytes(kept[:_HEAD_BYTES]), False
    return bytes(kept), whole


def _encoding(head: bytes, declared: str | None) -> tuple[Encoding, tuple[str, ...]]:
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
        if _looks_like_utf16(head[:_NUL_SAMPLE_BYTES]):
            raise Rejected("undeclared-encoding", _LOOKS_LIKE_UTF16)
        return "utf-8", (_LOOKS_LIKE_UTF16,)
    return marked or named or "utf-8", ()


def _looks_like_utf16(sample: bytes) -> bool:
    """Whether most of the bytes at even, or at odd, positions are NUL."""
    return any(4 * half.count(0) > 3 * len(half) for half in (sample[::2], sample[1::2]))
