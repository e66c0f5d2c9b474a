"""Escapes in CSV, settled before lines, quotes and fields are looked at.

An escape with what it escapes is replaced by as many bytes that no text in UTF-8 has. In this
*shadow* of the data, which is structured and parsed in their place, whatever is left of a line
ending, quote or delimiter has its meaning, and every position is that of the data. At last the
placeholders in the parsed fields are replaced by what they stand for. An escape before any other
character is data, and so are both.

Where escapes have a meaning only in quotes, fields without get back what the file has.

So data that are not UTF-8 may be split by their shadow, but not parsed.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from waybill.records.block import Bytes, Positions
from waybill.records.grammar import CR, LF
from waybill.records.marks import Marks

# The first stands for each escape, and the byte after it for what is escaped.
_ESCAPE, _DELIMITER, _ESCAPED, _LF, _CR = 0xFF, 0xF8, 0xFA, 0xFB, 0xFC
ESCAPED_QUOTE = 0xF9
"""Stands for a quote after an escape."""
_CODES = {b"b": 0xC0, b"f": 0xC1, b"n": 0xF5, b"r": 0xF6, b"t": 0xF7, b"v": 0xFD}
_CONTROLS = dict(zip(_CODES, b"\b\f\n\r\t\v", strict=True))
# Bounds the memory of positions where there are many escapes.
_PIECE = 1024 * 1024


def shadow(data: bytes, marks: Marks) -> bytes:
    """The data with placeholders for escapes; the same object if it has no escape.

    The first byte of the data is not escaped. An escape at the end stands for itself: the record
    that it is in is not complete.
    """
    if marks.escape is None or marks.escape.encode() not in data:
        return data
    escape = marks.escape.encode()
    # First: what is left of several escapes in a row escapes what follows.
    octets = np.frombuffer(
        bytearray(data.replace(2 * escape, bytes([_ESCAPE, _ESCAPED]))), np.uint8
    )
    for begin in range(0, len(octets), _PIECE):
        found = np.flatnonzero(octets[begin : begin + _PIECE] == ord(escape)) + begin
        _escape(octets, found[found < len(octets) - 1], _placeholders(marks))
    return octets.tobytes()


def _escape(octets: Bytes, escapes: Positions, placeholders: Bytes) -> None:
    """Replace these escapes, and what they escape, in place."""
    escaped = octets[escapes + 1]
    replaced = placeholders[escaped]
    octets[escapes[replaced != escaped]] = _ESCAPE
    octets[escapes + 1] = replaced
    after_cr = escapes[(escaped == CR) & (replaced == _CR)] + 2
    after_cr = after_cr[after_cr < len(octets)]
    octets[after_cr[octets[after_cr] == LF]] = _LF


def unescaped(settled: bytes, marks: Marks) -> bytes:
    """What a part of a shadow stands for."""
    if marks.escape is None:
        return settled
    return settled.translate(_meanings(marks), bytes([_ESCAPE]))


def as_written(settled: bytes, marks: Marks) -> bytes:
    """The data of a part of a shadow."""
    if marks.escape is None:
        return settled
    table = bytearray(_meanings(marks))
    table[_ESCAPE] = ord(marks.escape)
    return settled.translate(table)


def unescaped_bytes(settled: Bytes, marks: Marks) -> bytes:
    """As `unescaped`, of an array, without a copy of it."""
    pieces = (settled[at : at + _PIECE].tobytes() for at in range(0, len(settled), _PIECE))
    return b"".join([unescaped(piece, marks) for piece in pieces])


def removed_before(settled: Bytes, positions: NDArray[np.int32]) -> NDArray[np.int32]:
    """How many bytes `unescaped` removes from a shadow before each of these positions."""
    removed = np.zeros(len(positions), np.int32)
    for begin in range(0, len(settled), _PIECE):
        found = np.flatnonzero(settled[begin : begin + _PIECE] == _ESCAPE)
        removed += np.searchsorted(found, positions - begin).astype(np.int32)
    return removed


@cache
def _meanings(marks: Marks) -> bytes:
    table = bytearray(range(256))
    table[_LF], table[_CR], table[_DELIMITER] = *b"\n\r", ord(marks.delimiter)
    table[ESCAPED_QUOTE], table[_ESCAPED] = ord(marks.quote or '"'), ord(marks.escape or "\\")
    for code, placeholder in _CODES.items():
        table[placeholder] = _CONTROLS[code]
    return bytes(table)


@cache
def _placeholders(marks: Marks) -> Bytes:
    """For each byte its placeholder, if it may be escaped; else the byte itself."""
    table = np.arange(256, dtype=np.uint8)
    if marks.quote is not None:
        table[ord(marks.quote)] = ESCAPED_QUOTE
    if marks.escapes_in_quotes:
        # There the others are data anyway.
        return table
    table[[LF, CR]] = _LF, _CR
    table[ord(marks.delimiter)] = _DELIMITER
    if marks.has_codes:
        for code, placeholder in _CODES.items():
            table[ord(code)] = placeholder
        # Refused as any other NUL.
        table[ord("0")] = 0
    return table
