"""Escapes in CSV, settled before lines, quotes and fields are looked at.

An escape with what it escapes is replaced by as many bytes that no text in UTF-8 has. In this
*shadow* of the data, which is structured and parsed in their place, whatever is left of a line
ending, quote or delimiter has its meaning, and every position is that of the data. At last the
placeholders in the parsed fields are replaced by what they stand for. An escape before any other
character is data, and so are both.

So data that are not UTF-8 may be split by their shadow, but not parsed.
"""

from functools import cache

from waybill.records.marks import Marks

_ESCAPE, _DELIMITER, _QUOTE, _ESCAPED, _LF, _CR = 0xFF, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC
_CODES = {b"b": 0xC0, b"f": 0xC1, b"n": 0xF5, b"r": 0xF6, b"t": 0xF7, b"v": 0xFD}
_CONTROLS = dict(zip(_CODES, b"\b\f\n\r\t\v", strict=True))
PLACEHOLDER = bytes([_ESCAPE])
"""Stands for each escape; the byte after it, for what is escaped."""


def shadow(data: bytes, marks: Marks) -> bytes:
    """The data with placeholders for escapes; the same object if there are none.

    The first byte of the data is not escaped. An escape at the end stands for itself: the record
    that it is in is not complete.
    """
    if marks.escape is None or marks.escape.encode() not in data:
        return data
    for escaped, placeholders in _pairs(marks):
        data = data.replace(escaped, placeholders)
    return data


def unescaped(settled: bytes, marks: Marks) -> bytes:
    """What a part of a shadow stands for."""
    if marks.escape is None:
        return settled
    return settled.translate(_meanings(marks), PLACEHOLDER)


@cache
def _meanings(marks: Marks) -> bytes:
    table = bytearray(range(256))
    table[_LF], table[_CR], table[_DELIMITER] = *b"\n\r", ord(marks.delimiter)
    table[_QUOTE], table[_ESCAPED] = ord(marks.quote or '"'), ord(marks.escape or "\\")
    for code, placeholder in _CODES.items():
        table[placeholder] = _CONTROLS[code]
    return bytes(table)


@cache
def _pairs(marks: Marks) -> tuple[tuple[bytes, bytes], ...]:
    """What is escaped, and its placeholders, in the order in which they are replaced."""
    escape = (marks.escape or "").encode()
    places = [
        # First: what is left of several escapes in a row escapes what follows.
        (escape, [_ESCAPED]),
        (b"\r\n", [_CR, _LF]),
        (b"\n", [_LF]),
        (b"\r", [_CR]),
        (marks.delimiter.encode(), [_DELIMITER]),
    ]
    if marks.quote is not None:
        places.append((marks.quote.encode(), [_QUOTE]))
    if marks.has_codes:
        places += [(code, [placeholder]) for code, placeholder in _CODES.items()]
        # Refused as any other NUL.
        places.append((b"0", [0]))
    return tuple((escape + text, bytes([_ESCAPE, *found])) for text, found in places)
