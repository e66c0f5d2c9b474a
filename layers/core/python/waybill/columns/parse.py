"""From the bytes of sound records to columns of text, with empty fields and null words as null."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from waybill.columns.check_result import Array, Mask, mask_of
from waybill.columns.text_bytes import text_bytes
from waybill.contract.model import Contract
from waybill.records.fields import CheckedBlock
from waybill.records.layout import Layout

_MARK = b"\xef\xbb\xbf"
_BLANKS = " \t"
_SPACE, _TAB = _BLANKS.encode()
TEXT_KINDS = frozenset(["text", "varchar", "bpchar", "name", "citext"])
"""Kinds to which an empty quoted field is the empty text; to all others it is null."""


def parse(checked: CheckedBlock, layout: Layout, contract: Contract) -> list[Array]:
    """A `string` array for each column of the layout, a value for each sound record.

    Unquoted text loses the blanks (space, tab) around it if the contract trims, and is null if
    then nothing or a null word is left. Quoted text is kept as it is.
    """
    kinds = [contract.column(name).kind for name in layout.columns]
    return _parse(checked, layout, contract, kinds)


def parse_fields(checked: CheckedBlock, layout: Layout, contract: Contract) -> list[Array]:
    """The same for fields that are no columns, as those of documents: all of them are text."""
    return _parse(checked, layout, contract, ["text"] * len(layout.fields))


def _parse(
    checked: CheckedBlock, layout: Layout, contract: Contract, kinds: list[str]
) -> list[Array]:
    if not len(checked.valid):
        return [pa.array([], pa.string()) for _ in kinds]
    fields = _split(checked.clean, layout.delimiter, len(kinds))
    if len(fields[0]) != len(checked.valid):
        raise AssertionError(f"{len(checked.valid)} records cut, {len(fields[0])} parsed")
    return [
        _tidy(field, _quoted(checked, index), kind, contract)
        for index, (field, kind) in enumerate(zip(fields, kinds, strict=True))
    ]


def _split(clean: bytes, delimiter: str, count: int) -> list[Array]:
    quotes = b'"' in clean
    if not clean.endswith((b"\n", b"\r")):
        # At the end of the data pyarrow takes an empty field after a quoted one for quoted.
        clean += b"\n"
    if clean.startswith(_MARK):
        # What begins the data pyarrow takes for a byte order mark, and drops; here it is text.
        clean = b"\n" + clean
    names = [str(index) for index in range(count)]
    table = csv.read_csv(
        pa.BufferReader(clean),
        read_options=csv.ReadOptions(
            use_threads=False, block_size=len(clean) + 1, column_names=names
        ),
        parse_options=csv.ParseOptions(
            delimiter=delimiter, quote_char='"' if quotes else False, newlines_in_values=quotes
        ),
        convert_options=csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _quoted(checked: CheckedBlock, index: int) -> Mask | None:
    if checked.quoted is None or not checked.quoted[:, index].any():
        return None
    return np.ascontiguousarray(checked.quoted[:, index])


def _holds_blanks(field: Array) -> bool:
    octets = text_bytes(field).octets
    return bool(((octets == _SPACE) | (octets == _TAB)).any())


def _tidy(field: Array, quoted: Mask | None, kind: str, contract: Contract) -> Array:
    words = list(contract.null_words)
    if contract.trim and _holds_blanks(field):
        trimmed = pc.ascii_trim(field, characters=_BLANKS)
        field = trimmed if quoted is None else pc.if_else(pa.array(quoted), field, trimmed)
        words.append("")
    if words:
        field = _nulled(field, mask_of(pc.is_in(field, pa.array(words, pa.string()))), quoted)
    if quoted is not None and kind not in TEXT_KINDS:
        field = _nulled(field, mask_of(pc.equal(field, "")), None)
    return field


def _nulled(field: Array, rows: Mask, quoted: Mask | None) -> Array:
    if quoted is not None:
        rows = rows & ~quoted
    return pc.if_else(pa.array(rows), pa.scalar(None, pa.string()), field) if rows.any() else field
