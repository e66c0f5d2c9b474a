"""Converts a block of JSON records into columns of text, to be checked like those of CSV.

A number keeps the text it has in the file and never passes through a binary float. `true` and
`false` become those words, strings are kept as they are, null and absent fields are null. An
array becomes the literal of a PostgreSQL array. A json or jsonb column takes any value.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns import codes
from waybill.columns.formats import column_formats
from waybill.columns.json_drift import JsonDrift
from waybill.columns.json_values import FieldError, field_converter
from waybill.columns.records import Absence, Records
from waybill.columns.rejects import RejectReason, unparsable_rejects
from waybill.columns.uniform_columns import Rows, UniformReader
from waybill.contract.model import Contract
from waybill.exact_json import JsonError, check_characters, check_numbers, check_size, parse_json
from waybill.narrow_json import narrow, narrow_json, narrow_utf8, widen
from waybill.records.block import Block
from waybill.records.column_names import ColumnNames
from waybill.records.drift import MOST_REPORTED
from waybill.records.grammar import Fault
from waybill.records.layout import Layout

Text = str | bytes
"""A field's text; of a large record in UTF-8."""
_LARGE_BYTES = 1024 * 1024
_MAX_REASONS = 20
_MAX_NAME_SHOWN = 80


class _Field(NamedTuple):
    """A column of the layout, and the conversion of a value that is not null to its text."""

    position: int
    to_text: Callable[[Any], str | None]


_Reason = tuple[str, FieldError]
"""A field of a record and what is wrong with it."""


class _UnparsableRecord(Exception):
    """A record cannot be parsed; carries the reasons."""

    def __init__(self, *reasons: RejectReason) -> None:
        super().__init__(reasons)
        self.reasons = list(reasons)


class JsonReader:
    """Reads the records of one chunk."""

    def __init__(self, contract: Contract, layout: Layout) -> None:
        self._contract = contract
        self._layout = layout
        self._names = ColumnNames(contract)
        self._width = len(layout.columns)
        self._is_utf8 = layout.encoding == "utf-8"
        formats = column_formats(contract)
        self._fields = {
            name: _Field(position, field_converter(contract.column(name), formats.get(name)))
            for position, name in enumerate(layout.columns)
        }
        self.drift = None if contract.document else JsonDrift(contract, layout)
        """How the records so far differ from the table; None for documents."""
        self._uniform = UniformReader(contract, layout, self.drift)
        # Of the first added names only, since to find one takes time.
        self._nearest: dict[str, str | None] = {}
        # Spellings of field names seen so far. Unknown names are not kept, to bound its size.
        self._by_key: dict[str, _Field] = {}

    def read(self, block: Block) -> Records:
        """The block's records; those that cannot be parsed become rejects."""
        uniform = self._uniform.read(block)
        rest = range(block.record_count) if uniform is None else uniform.others(block)
        rows, reasons = self._read_each(block, rest)
        if uniform is not None:
            rows = uniform.with_others(rows)
        return Records(
            block,
            rows.indices,
            rows.texts,
            (unparsable_rejects(block, reasons),) if reasons else (),
            None if self._contract.document else Absence(self._layout.columns, rows.present),
        )

    def _read_each(
        self, block: Block, indices: Iterable[int]
    ) -> tuple[Rows, dict[int, list[RejectReason]]]:
        """These records, parsed one by one, and why some of them cannot be, by index."""
        reasons: dict[int, list[RejectReason]] = {}
        rows: list[Sequence[Text | None]] = []
        present: list[int] = []
        valid: list[int] = []
        for index in indices:
            try:
                if (fault := block.faults[index]) != Fault.OK:
                    raise self._error(codes.fault_code(Fault(fault)))
                row, fields = self._row(block.data[block.starts[index] : block.stops[index]])
            except _UnparsableRecord as unparsable:
                reasons[index] = unparsable.reasons
            else:
                valid.append(index)
                rows.append(row)
                present.append(fields)
                if self.drift is not None:
                    self.drift.note_columns(fields)
        columns = zip(*rows, strict=True) if rows else [() for _ in range(self._width)]
        texts = [pa.array(column, pa.string()) for column in columns]
        return Rows(np.array(valid, np.int64), texts, present), reasons

    def _error(self, code: str) -> _UnparsableRecord:
        if code == "invalid_utf8" and not self._is_utf8:
            # The transcoder leaves bytes that are invalid in the file's encoding as invalid UTF-8.
            code = "invalid_encoding"
        return _UnparsableRecord(RejectReason(None, code, codes.MEANINGS[code]))

    def _object(self, raw: bytes) -> tuple[dict[str, Any], str]:
        """The record's fields and, for a document, its text."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise self._error("invalid_utf8") from None
        try:
            if self._contract.document:
                # First, so that nothing is built of a text that is too large anyway.
                check_size(text)
            value = parse_json(text)
            if "\\u" in text:
                check_characters(value)
            if self._contract.document:
                check_numbers(text, value)
        except JsonError as error:
            reason = RejectReason(error.name, error.code, error.message)
            raise _UnparsableRecord(reason) from None
        if not isinstance(value, dict):
            raise self._error(codes.NOT_AN_OBJECT)
        return value, text

    def _row(self, raw: bytes) -> tuple[Sequence[Text | None], int]:
        """The record's texts, and its fields as a number in which bit n is the column n."""
        if len(raw) > _LARGE_BYTES and not raw.isascii() and not self._contract.document:
            return self._large_row(raw)
        members, text = self._object(raw)
        if self._contract.document:
            return (text,), 1
        return self._fields_of(members)

    def _large_row(self, raw: bytes) -> tuple[Sequence[Text | None], int]:
        """As `_row`, of a record whose text Python would keep at four bytes per character."""
        try:
            raw.decode()
            members = parse_json(narrow_json(raw))
            check_characters(members)
        except UnicodeDecodeError:
            raise self._error("invalid_utf8") from None
        except JsonError as error:
            name = error.name and widen(error.name)
            raise _UnparsableRecord(RejectReason(name, error.code, widen(error.message))) from None
        if not isinstance(members, dict):
            raise self._error(codes.NOT_AN_OBJECT)
        return self._fields_of({widen(key): members[key] for key in members}, is_narrow=True)

    def _fields_of(
        self, members: dict[str, Any], *, is_narrow: bool = False
    ) -> tuple[Sequence[Text | None], int]:
        """As `_row`; `is_narrow`: values, but not names, are of `narrow_json`."""
        row: list[Text | None] = [None] * self._width
        seen = 0
        reasons: list[_Reason] = []
        self._set_added_aside(members, reasons, is_narrow=is_narrow)
        for key in list(members):
            # Values are dropped one by one, since each is as large as its text.
            value = members.pop(key)
            try:
                position, to_text = self._find(key, seen)
                seen |= 1 << position
                text = None if value is None else to_text(value)
                row[position] = narrow_utf8(value, text) if is_narrow and text is not None else text
            except FieldError as error:
                reasons.append((key, error))
        if reasons:
            raise _UnparsableRecord(
                *(
                    RejectReason(key[:_MAX_NAME_SHOWN], error.code, error.message)
                    for key, error in reasons[:_MAX_REASONS]
                )
            )
        return row, seen

    def _set_added_aside(
        self, members: dict[str, Any], reasons: list[_Reason], *, is_narrow: bool
    ) -> None:
        """Remove the fields that are no columns: refused, ignored, or members of one that is.

        They are also refused if no field is a column.
        """
        strange = members.keys() - self._by_key.keys()
        names = [key for key in members if key in strange and not self._column_of(key)]
        if not names:
            return
        if self.drift is not None:
            self.drift.note_added(names)
        is_refused = self._contract.drift == "refuse" or len(names) == len(members)
        added = {narrow(key) if is_narrow else key: members.pop(key) for key in names}
        if is_refused:
            reasons += [(key, self._unknown(key)) for key in names[:_MAX_REASONS]]
        elif self._contract.rescued is not None:
            if self._contract.rescued in map(self._names.find, members):
                error = FieldError(codes.DUPLICATE_FIELD, "other fields would be kept in it, too")
                reasons.append((self._contract.rescued, error))
            else:
                members[self._contract.rescued] = added

    def _column_of(self, key: str) -> str | None:
        """The column of this name, which is kept for the records that follow."""
        name = self._names.find(key)
        if name is not None:
            self._by_key[key] = self._fields[name]
        return name

    def _unknown(self, key: str) -> FieldError:
        if key not in self._nearest and len(self._nearest) < MOST_REPORTED:
            self._nearest[key] = self._names.nearest(key)
        nearest = self._nearest.get(key)
        hint = f" (nearest: {nearest})" if nearest else ""
        known = ", ".join(column.name for column in self._contract.file_columns)
        message = f"there is no column {key[:_MAX_NAME_SHOWN]!r}{hint}; the columns are {known}"
        return FieldError(codes.UNKNOWN_FIELD, message)

    def _find(self, key: str, seen: int) -> _Field:
        """The field for a column's key; `seen` has the bits of the record's fields so far.

        Raises:
            FieldError: it was seen.
        """
        field = self._by_key.get(key) or self._fields[key]
        if seen >> field.position & 1:
            raise FieldError(codes.DUPLICATE_FIELD, codes.MEANINGS[codes.DUPLICATE_FIELD])
        return field
