"""The records of a block of JSON as columns of text, which the checks of columns then judge.

A number is the text that stands in the file: it never goes through a binary float. `true` and
`false` are those words, a string is kept as it is, null and a field that is not there are null.
An object or a list is only for a column of JSON, and so is written as it was, but for its white
space.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from waybill.columns import codes
from waybill.columns.formats import Written, formats_of
from waybill.columns.parse import TEXT_KINDS
from waybill.columns.records import Records
from waybill.columns.rejects import Reason, told_records
from waybill.contract.model import Column, Contract
from waybill.records.block import Block
from waybill.records.grammar import Fault
from waybill.records.header import find_column
from waybill.records.layout import Layout

_JSON_KINDS = frozenset(["json", "jsonb"])
_NAMED = 20


class Number(str):
    """A number as it is written."""

    __slots__ = ()


class _Members(list[tuple[str, Any]]):
    """The fields of an object in their order, whatever their names."""


class Refused(Exception):
    """A record cannot be read: the reasons."""

    def __init__(self, *reasons: Reason) -> None:
        super().__init__(reasons)
        self.reasons = list(reasons)


def _refused(code: str, message: str | None = None, column: str | None = None) -> Refused:
    return Refused(Reason(column, code, message or codes.MEANINGS[code]))


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


_DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_Members
)


def _object(raw: bytes) -> tuple[_Members, str]:
    """The fields of the record, and its text.

    Raises:
        Refused: it is no object.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise _refused("invalid_utf8") from None
    try:
        found = _DECODER.decode(text)
        if "\\u" in text:
            _check_characters(found)
    except json.JSONDecodeError as error:
        place = f"at character {error.pos + 1}"
        raise _refused(codes.INVALID_JSON, f"not JSON: {error.msg.lower()} {place}") from None
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise _refused(codes.INVALID_JSON, f"not JSON: {why}") from None
    if not isinstance(found, _Members):
        raise _refused(codes.NOT_AN_OBJECT)
    return found, text


def _check_characters(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Refuse what JSON can escape and PostgreSQL cannot hold."""
    if isinstance(value, str):
        if "\0" in value:
            raise _refused("nul_byte")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _refused(codes.INVALID_JSON, "not JSON: half a pair of surrogates") from None
    elif isinstance(value, list | tuple):
        for part in value:
            _check_characters(part)


def _json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A value as JSON again, numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, _Members):
        members = (f"{json.dumps(k, ensure_ascii=False)}: {_json_text(v)}" for k, v in value)
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json_text, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


class JsonReader:
    """Reads the records of one chunk."""

    def __init__(self, contract: Contract, layout: Layout) -> None:
        self._contract = contract
        self._count = len(layout.columns)
        self._is_utf8 = layout.encoding == "utf-8"
        written = formats_of(contract)
        self._fields = [
            _Field(place, _text_of(contract.column(name), written.get(name, Written())))
            for place, name in enumerate(layout.columns)
        ]
        self._places = {name: place for place, name in enumerate(layout.columns)}
        self._known: dict[str, _Field] = {}

    def read(self, block: Block) -> Records:
        """The block's records; those that cannot be read are refused with the reason."""
        told: dict[int, list[Reason]] = {}
        rows: list[Sequence[str | None]] = []
        sound: list[int] = []
        faults, data = block.faults.tolist(), block.data
        spans = zip(block.starts.tolist(), block.stops.tolist(), strict=True)
        for index, (start, stop) in enumerate(spans):
            try:
                if faults[index] != Fault.OK:
                    raise _refused(codes.code_of(Fault(faults[index])))
                rows.append(self._row(data[start:stop]))
            except Refused as refused:
                told[index] = [self._named(reason) for reason in refused.reasons]
            else:
                sound.append(index)
        columns = zip(*rows, strict=True) if rows else [() for _ in range(self._count)]
        return Records(
            block,
            np.array(sound, np.int64),
            [pa.array(column, pa.string()) for column in columns],
            (told_records(block, told),) if told else (),
        )

    def _named(self, reason: Reason) -> Reason:
        """The reason, of bytes that are no text in the file's own encoding."""
        if reason.code != "invalid_utf8" or self._is_utf8:
            return reason
        return reason._replace(code="invalid_encoding", message=codes.MEANINGS["invalid_encoding"])

    def _row(self, raw: bytes) -> Sequence[str | None]:
        members, text = _object(raw)
        if self._contract.document:
            return (text,)
        row: list[str | None] = [None] * self._count
        seen: set[int] = set()
        wrong: list[Reason] = []
        for key, value in members:
            try:
                place, text_of = self._known.get(key) or self._find(key)
                if place in seen:
                    raise _refused(codes.DUPLICATE_FIELD, column=key)
                seen.add(place)
                if value is not None:
                    row[place] = text_of(value)
            except Refused as refused:
                wrong += refused.reasons
        if wrong:
            raise Refused(*wrong[:_NAMED])
        return row

    def _find(self, key: str) -> "_Field":
        """The field that a key fills; only those of the contract are kept in mind.

        Raises:
            Refused: there is none.
        """
        name = find_column(key, self._contract)
        if name is None:
            known = ", ".join(column.name for column in self._contract.columns)
            message = f"there is no column {key[:80]!r}; there are {known}"
            raise _refused(codes.UNKNOWN_FIELD, message, key[:80])
        if name not in self._places:
            raise _refused(codes.LATE_FIELD, column=name)
        self._known[key] = self._fields[self._places[name]]
        return self._known[key]


class _Field(NamedTuple):
    """A column of the layout, and how a value that is not null becomes its text."""

    place: int
    text_of: Callable[[Any], str | None]


def _text_of(column: Column, written: Written) -> Callable[[Any], str | None]:
    if column.kind in _JSON_KINDS:
        return _json_text
    words = {
        True: (*written.true_words, "true")[0],
        False: (*written.false_words, "false")[0],
    }
    empty = "" if column.kind in TEXT_KINDS else None

    def text_of(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
        if isinstance(value, bool):
            return words[value]
        if isinstance(value, Number):
            # A JSON number has a point, whatever mark the column has in other files.
            return value.replace(".", written.decimal) if written.has_numbers else str(value)
        if not isinstance(value, str):
            message = "expected a plain value, found an object or a list"
            raise _refused(codes.WRONG_TYPE, message, column.name)
        return value or empty

    return text_of
