"""JSON text with one character per byte of its UTF-8.

Python keeps every character of a text in four bytes if one of them needs that, so a record of
16 MB has 64 MB, as often as it is copied. All of JSON's own characters are ASCII, so the bytes
decoded as Latin-1 parse to the same values, whose texts are UTF-8 decoded as Latin-1.
"""

import re

from waybill.exact_json import JsonError

_ESCAPES = re.compile(rb"\\u([dD][89abAB]..)\\u([dD][c-fC-F]..)|\\u(....)|\\.", re.DOTALL)


def narrow_json(raw: bytes) -> str:
    """The JSON text, which is valid UTF-8, with a character per byte.

    Raises:
        JsonError: `invalid_utf8`, it escapes a lone surrogate; or `invalid_json`.
    """
    if b"\\u" not in raw:
        return raw.decode("latin-1")
    # Escapes beyond ASCII become UTF-8, too. Not `sub`, which keeps every piece until its end.
    narrowed = bytearray()
    end = 0
    for match in _ESCAPES.finditer(raw):
        if match.lastindex:
            narrowed += raw[end : match.start()]
            narrowed += _utf8(match)
            end = match.end()
    narrowed += raw[end:]
    return narrowed.decode("latin-1")


def narrow(text: str) -> str:
    """The text with a character per byte, as `narrow_json` has it."""
    return text.encode().decode("latin-1")


def narrow_utf8(value: object, text: str) -> bytes:
    """The text of a value of `narrow_json` in UTF-8; words for booleans are the contract's."""
    return text.encode() if isinstance(value, bool) else text.encode("latin-1")


def widen(text: str) -> str:
    """The text of a value of `narrow_json`, as it is in the file; a cut character is dropped."""
    return text.encode("latin-1", "ignore").decode(errors="ignore")


def _utf8(match: re.Match[bytes]) -> bytes:
    high, low, single = match.groups()
    try:
        if single is None:
            return bytes.fromhex(f"{high.decode()}{low.decode()}").decode("utf-16-be").encode()
        character = chr(int(single, 16))
        return match[0] if character.isascii() else character.encode()
    except UnicodeEncodeError:
        message = "contains a lone surrogate, which is not a character"
        raise JsonError("invalid_utf8", message) from None
    except ValueError:
        raise JsonError("invalid_json", "not JSON: an escape is invalid") from None
