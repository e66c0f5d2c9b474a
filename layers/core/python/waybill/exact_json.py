"""JSON whose numbers keep every digit, within limits that make reading it back safe.

Files, batches and replays parse JSON here, so they share one set of rules: no field twice in an
object, at most `MAX_DEPTH` levels.
"""

import json
import re
from collections.abc import Iterator
from json.encoder import encode_basestring
from math import isfinite
from typing import Any

MAX_DEPTH = 100
"""Levels of objects and arrays. Far below what the parsers of Python and PostgreSQL survive."""
NESTED_TOO_DEEPLY = "nested_too_deeply"
"""Code of the error for more levels; see `columns.codes`."""
MAX_NUMBER_DIGITS = 1000
"""Digits of a number in a document, exponent included."""
MIN_EXPONENT = -400
"""Least exponent of a number in a document; the largest is that of a double."""
MAX_DOCUMENT_BYTES = 1024 * 1024
"""Size of a document in UTF-8, and digits that its exponents add when numbers are written out."""

MAX_VALUES = 200_000
"""Values of a record, since each takes a hundred times its own size while it is parsed."""

_MAX_NAME_SHOWN = 60
# Whatever is not a bracket outside strings. A string is skipped as a whole, to the end if it is
# unterminated: starting again at each of its characters would take quadratic time.
_NO_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[^"\[{\]}]++', re.DOTALL)
_COMMAS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|,', re.DOTALL)
# Only numbers like these can be beyond the limits: one alone, or many together.
_SUSPECT_NUMBER = re.compile(r"[0-9]{300}|[0-9.][eE][+-]?[0-9]{2}")


class Number(str):
    """The text of a number, which never passes through a binary float."""

    __slots__ = ()


class JsonError(ValueError):
    """Text that is not JSON, or that breaks a rule; `code` is one of `columns.codes`."""

    def __init__(self, code: str, message: str, name: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.name = name
        """The field that occurs twice, for `duplicate_field`."""


def parse_json(text: str, max_depth: int = MAX_DEPTH) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON; numbers become `Number`.

    Raises:
        JsonError: `invalid_json`, `duplicate_field`, `nested_too_deeply` or `too_many_values`.
    """
    check_depth(text, max_depth)
    check_value_count(text)
    try:
        return _DECODER.decode(text)
    except JsonError:
        raise
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg.lower()} at character {error.pos + 1}"
        raise JsonError("invalid_json", message) from None
    except (ValueError, RecursionError) as error:
        raise JsonError("invalid_json", f"not JSON: {error}") from None


def format_json(value: object) -> str:
    """JSON text of a value that `parse_json` returned; numbers stay as written."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        members = (f"{encode_basestring(name)}: {format_json(v)}" for name, v in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(format_json, value)) + "]"
    if value is None:
        return "null"
    return "true" if value else "false"


def check_depth(text: str, max_depth: int = MAX_DEPTH) -> None:
    """Check how deeply objects and arrays are nested, before any recursive parser sees the text.

    Raises:
        JsonError: `nested_too_deeply`.
    """
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for bracket in _NO_BRACKETS.sub("", text):
        if bracket in "[{":
            depth += 1
            if depth > max_depth:
                message = f"nested more than {max_depth} levels deep"
                raise JsonError(NESTED_TOO_DEEPLY, message)
        else:
            depth -= 1


def check_value_count(text: str) -> None:
    """Check how many values a parser would have to make objects of.

    Raises:
        JsonError: `too_many_values`.
    """
    if text.count(",") < MAX_VALUES:
        return
    count = sum(match[0] == "," for match in _COMMAS.finditer(text))
    if count >= MAX_VALUES:
        raise JsonError("too_many_values", f"more than {MAX_VALUES} values in one record")


def check_numbers(text: str, value: object) -> None:
    """Check that every number can be stored, compared and read back at a cost like its length.

    Args:
        text: JSON.
        value: what `parse_json` returned for it.

    Raises:
        JsonError: `out_of_range`, or `document_too_large` for what the database would store.
    """
    if not _SUSPECT_NUMBER.search(text):
        return
    digits = 0
    for number in _values(value):
        if isinstance(number, Number):
            digits += _check_number(number)
    # PostgreSQL stores 1e308 as 309 digits, and sends them when it is read.
    if digits > MAX_DOCUMENT_BYTES:
        message = f"the numbers have more than {MAX_DOCUMENT_BYTES} digits when written out"
        raise JsonError("document_too_large", message)


def check_size(text: str) -> None:
    """Check the size of a document.

    Raises:
        JsonError: `document_too_large`.
    """
    if len(text) > MAX_DOCUMENT_BYTES or len(text.encode()) > MAX_DOCUMENT_BYTES:
        message = f"the document is larger than {MAX_DOCUMENT_BYTES} bytes"
        raise JsonError("document_too_large", message)


def _check_number(number: Number) -> int:
    """The digits that its exponent adds when the number is written out."""
    mantissa, _, exponent = number.lower().partition("e")
    if len(number) > MAX_NUMBER_DIGITS:
        raise _number_error(number)
    # A long exponent is not converted at all.
    if len(exponent) > len("-00400") or (exponent and int(exponent) < MIN_EXPONENT):
        raise _number_error(number)
    if not isfinite(float(mantissa + "e" + (exponent or "0"))):
        raise _number_error(number)
    return abs(int(exponent)) if exponent else 0


def _number_error(number: Number) -> JsonError:
    message = (
        "expected numbers within the range of a double and of at most "
        f"{MAX_NUMBER_DIGITS} digits, found {number[:_MAX_NAME_SHOWN]}"
    )
    return JsonError("out_of_range", message)


def _values(value: object) -> Iterator[object]:
    """Every name and value in a value, without recursion."""
    pending = [value]
    while pending:
        current = pending.pop()
        yield current
        if isinstance(current, dict):
            pending += current.keys()
            pending += current.values()
        elif isinstance(current, list):
            pending += current


def check_characters(value: object) -> None:
    """Check for characters that JSON can escape and PostgreSQL cannot store.

    Raises:
        JsonError: `nul_byte` or `invalid_utf8`.
    """
    # Nearly all values are plain strings.
    for text in (value,) if isinstance(value, str) else _values(value):
        if isinstance(text, str) and not (text.isascii() and text.isprintable()):
            _check_text(text)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise JsonError("nul_byte", "contains a NUL, which PostgreSQL text cannot hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        message = "contains a lone surrogate, which is not a character"
        raise JsonError("invalid_utf8", message) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                shown = name[:_MAX_NAME_SHOWN]
                raise JsonError("duplicate_field", f"the field {shown!r} occurs twice", shown)
            seen.add(name)
    return members


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_object
)
