"""Rows of MySQL and MariaDB as JSON: numbers and times as the server wrote them."""

import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring

from pymysql.constants import FIELD_TYPE

NUMBERS = frozenset(
    {
        FIELD_TYPE.TINY,
        FIELD_TYPE.SHORT,
        FIELD_TYPE.LONG,
        FIELD_TYPE.LONGLONG,
        FIELD_TYPE.INT24,
        FIELD_TYPE.YEAR,
        FIELD_TYPE.DECIMAL,
        FIELD_TYPE.NEWDECIMAL,
        FIELD_TYPE.FLOAT,
        FIELD_TYPE.DOUBLE,
    }
)
"""The types of numbers."""


class RowFormat:
    """How rows with these columns, names, types and encodings, are written."""

    def __init__(self, columns: Sequence[tuple[str, int, str | None]]) -> None:
        self._columns = [
            (f"{json.dumps(name)}:", _binary if encoding is None else _formatter(kind))
            for name, kind, encoding in columns
        ]

    def json(self, values: Sequence[bytes | None]) -> str:
        """The row as an object, on one line."""
        fields = [
            f"{name}null" if value is None else name + text_of(value)
            for (name, text_of), value in zip(self._columns, values, strict=True)
        ]
        return f"{{{','.join(fields)}}}"


def _formatter(kind: int) -> Callable[[bytes], str]:
    if kind in NUMBERS:
        return _number
    if kind == FIELD_TYPE.JSON:
        return _document
    if kind == FIELD_TYPE.DATETIME:
        return _time
    return _moment if kind == FIELD_TYPE.TIMESTAMP else _text


def _number(value: bytes) -> str:
    text = value.decode()
    if "1" <= text[0] <= "9":
        return text
    # A column with ZEROFILL has leading zeros, which JSON has not.
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    stripped = digits.lstrip("0")
    return sign + (stripped if stripped[:1].isdigit() else f"0{stripped}")


def _document(value: bytes) -> str:
    return value.decode().replace("\r", " ").replace("\n", " ")


def _time(value: bytes) -> str:
    return f'"{value.decode().replace(" ", "T")}"'


def _moment(value: bytes) -> str:
    # Unlike DATETIME it is a moment, and the session's zone is UTC.
    return f'"{value.decode().replace(" ", "T")}Z"'


def _binary(value: bytes) -> str:
    return json.dumps(f"\\x{value.hex()}")


def _text(value: bytes) -> str:
    return encode_basestring(value.decode())
