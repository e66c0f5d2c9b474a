"""Parses valid CSV records into columns of text; empty fields and null words become null."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from waybill.columns.check_result import Array, Mask, null_where, to_mask
from waybill.columns.formats import column_formats
from waybill.columns.text_bytes import text_bytes
from waybill.contract.model import Contract
from waybill.records.escapes import as_written, removed_before, shadow, unescaped_bytes
from waybill.records.fields import CheckedBlock
from waybill.records.layout import Layout
from waybill.records.marks import Marks

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANKS = " \t"
_SPACE, _TAB = _BLANKS.encode()
TEXT_KINDS = frozenset(["text", "varchar", "bpchar", "name", "citext"])
"""Kinds that keep an empty quoted field as the empty string; for all others it is null."""


class FieldRules(NamedTuple):
    """How the text of a field becomes a value."""

    is_text: bool
    trims: bool
    trims_quoted: bool
    null_words: tuple[bytes, ...]
    """As they stand in a file, with placeholders for escapes."""


def field_rules(contract: Contract, layout: Layout) -> list[FieldRules]:
    """The rules of each field of a record."""
    null_words = tuple(shadow(word.encode(), layout.marks) for word in contract.null_words)
    if layout.fields:
        # Fields of documents are all text.
        rules = FieldRules(
            is_text=True,
            trims=contract.trim,
            trims_quoted=False,
            null_words=null_words,
        )
        return [rules] * len(layout.fields)
    formats = column_formats(contract)
    return [
        FieldRules(
            # An added field is kept as text.
            is_text=name is None or contract.column(name).kind in TEXT_KINDS,
            trims=contract.trim,
            trims_quoted=name in formats and formats[name].trim_quoted,
            null_words=null_words,
        )
        for name in layout.field_columns
    ]


def parse_fields(checked: CheckedBlock, marks: Marks, rules: Sequence[FieldRules]) -> list[Array]:
    """A `string` array per field, with a value per valid record.

    If the contract trims, unquoted text loses surrounding spaces and tabs; unquoted text that is
    then empty or a null word is null. Quoted text is kept unchanged, unless its column's format
    says to trim it. Escapes get their meaning last, so that what they stand for is neither trimmed
    nor part of a null word.
    """
    if not len(checked.valid):
        return [pa.array([], pa.string()) for _ in rules]
    fields = _read_csv(checked.clean, marks, len(rules))
    if len(fields[0]) != len(checked.valid):
        raise AssertionError(f"{len(checked.valid)} records split, {len(fields[0])} parsed")
    return [
        _to_texts(field, _quoted(checked, index), rule, marks)
        for index, (field, rule) in enumerate(zip(fields, rules, strict=True))
    ]


def _read_csv(clean: bytes, marks: Marks, count: int) -> list[Array]:
    quotes = marks.quote is not None and marks.quote.encode() in clean
    if not clean.endswith((b"\n", b"\r")):
        # At the end of the data pyarrow treats an empty field after a quoted one as quoted.
        clean += b"\n"
    if clean.startswith(_BYTE_ORDER_MARK):
        # pyarrow drops a byte order mark at the start of the data; here it is text.
        clean = b"\n" + clean
    names = [str(index) for index in range(count)]
    table = csv.read_csv(
        pa.BufferReader(clean),
        read_options=csv.ReadOptions(
            use_threads=False, block_size=len(clean) + 1, column_names=names
        ),
        parse_options=csv.ParseOptions(
            delimiter=marks.delimiter,
            quote_char=marks.quote if quotes else False,
            newlines_in_values=quotes,
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


def _contains_blanks(field: Array) -> bool:
    octets = text_bytes(field).octets
    return bool((octets == _SPACE).any() or (octets == _TAB).any())


def _to_values(field: Array, quoted: Mask | None, rules: FieldRules) -> Array:
    null_words = list(rules.null_words)
    if (rules.trims or rules.trims_quoted) and _contains_blanks(field):
        field = _trim(field, quoted, rules)
        null_words.append(b"")
    if null_words:
        words = pa.array(null_words, pa.binary()).view(pa.string())
        rows = to_mask(pc.is_in(field, words))
        field = null_where(rows if quoted is None else rows & ~quoted, field)
    if quoted is not None and not rules.is_text:
        field = null_where(to_mask(pc.equal(field, "")), field)
    return field


def _trim(field: Array, quoted: Mask | None, rules: FieldRules) -> Array:
    trimmed = pc.ascii_trim(field, characters=_BLANKS)
    if quoted is None:
        return trimmed if rules.trims else field
    kept = np.where(quoted, not rules.trims_quoted, not rules.trims)
    return pc.if_else(pa.array(kept), field, trimmed)


def _to_texts(field: Array, quoted: Mask | None, rules: FieldRules, marks: Marks) -> Array:
    return _unescaped(_to_values(field, quoted, rules), quoted, marks)


def _unescaped(field: Array, quoted: Mask | None, marks: Marks) -> Array:
    """The field with what escapes stand for in place of them."""
    if marks.escape is None:
        return field
    octets, starts, lengths = text_bytes(field)
    edges = np.append(starts, starts[-1:] + lengths[-1:])
    removed = removed_before(octets, edges)
    if not removed[-1]:
        return field
    if marks.escapes_in_quotes and quoted is None:
        return _with_texts(field, edges, as_written(octets.tobytes(), marks))
    meant = _with_texts(field, edges - removed, unescaped_bytes(octets, marks))
    if quoted is None or quoted.all() or not marks.escapes_in_quotes:
        return meant
    written = _with_texts(field, edges, as_written(octets.tobytes(), marks))
    return pc.if_else(pa.array(quoted), meant, written)


def _with_texts(field: Array, edges: NDArray[np.int32], data: bytes) -> Array:
    """The field with other texts, null where it is."""
    buffers = [None, pa.py_buffer(edges), pa.py_buffer(data)]
    texts = pa.Array.from_buffers(pa.string(), len(field), buffers)
    return null_where(to_mask(field.is_null()), texts)
