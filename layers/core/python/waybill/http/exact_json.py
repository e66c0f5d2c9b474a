"""JSON whose numbers stay as they are written, read and written again."""

import json
from json.encoder import encode_basestring
from typing import Any

from waybill.errors import BadRequest


class Number(str):
    """A number's own text: never a binary float, and never more or less exact than it came."""

    __slots__ = ()


def read_exactly(text: str) -> Any:  # noqa: ANN401 - any JSON
    """The body as JSON, its numbers as `Number`.

    Raises:
        BadRequest: `malformed-json`; also where an object has a name twice, since what is meant
            would have to be guessed.
    """
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        twice = str(error) if isinstance(error, _Twice) else "The body is not JSON."
        raise BadRequest("malformed-json", twice) from None


def json_text(value: object) -> str:
    """JSON of what `read_exactly` read; numbers as they came."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        members = (f"{encode_basestring(name)}: {json_text(each)}" for name, each in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(json_text, value)) + "]"
    if value is None:
        return "null"
    return "true" if value else "false"


class _Twice(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Twice(f"An object has {twice[:60]!r} twice.")
    return found


def _constant(name: str) -> None:
    raise ValueError(name)


_DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_object
)
