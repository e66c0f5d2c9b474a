"""A slow, independent implementation of the record grammar, byte by byte."""

from typing import NamedTuple

from waybill.records.grammar import Fault
from waybill.records.marks import Marks

STANDARD = Marks(",")
_CODES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}


class Seen(NamedTuple):
    line: int
    raw: bytes
    fault: Fault


def _line_end(data: bytes, at: int, marks: Marks | None = None) -> int:
    """The next line end; with marks, that is not escaped."""
    while at < len(data) and data[at : at + 1] not in (b"\n", b"\r"):
        at += _step(data, at, marks) if marks else 1
    return min(at, len(data))


def _after(data: bytes, stop: int) -> int:
    return min(len(data), stop + (2 if data[stop : stop + 2] == b"\r\n" else 1))


def _line_count(data: bytes) -> int:
    return len(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")) - 1


def _step(data: bytes, at: int, marks: Marks) -> int:
    """1, or the length of an escape and what it escapes."""
    escape = (marks.escape or "").encode()
    if not escape or data[at : at + 1] != escape:
        return 1
    special = [mark.encode() for mark in (marks.quote, marks.escape) if mark]
    if marks.quote is None or marks.has_codes:
        if data[at + 1 : at + 3] == b"\r\n":
            return 3
        special += [marks.delimiter.encode(), b"\r", b"\n"]
    return 2 if data[at + 1 : at + 2] in special else 1


def _walk(data: bytes, at: int, marks: Marks, limit: int) -> tuple[Fault, int]:
    """One record from `at`: OK and its end, or a fault and its position."""
    begin, state = at, "start"
    delimiter = marks.delimiter.encode()
    quote = marks.quote.encode() if marks.quote else None
    while True:
        step = _step(data, at, marks)
        byte = data[at : at + 1] if step == 1 else b"escaped"
        ends = byte in (b"", b"\n", b"\r") and at - begin <= limit
        if state == "quoted" and (byte == b"" or at - begin >= limit):
            return Fault.UNCLOSED_QUOTE, at
        if state != "quoted" and (ends or at - begin >= limit):
            return (Fault.OK, at) if ends else (Fault.RECORD_TOO_LONG, begin + limit)
        if state == "quoted":
            state = "closing" if byte == quote else "quoted"
        elif byte == delimiter:
            state = "start"
        elif state == "start":
            state = "quoted" if byte == quote else "plain"
        elif state == "closing" and byte == quote:
            state = "quoted"
        elif state == "closing" or byte == quote:
            is_later_line = _line_end(data, begin, marks) < at
            return Fault.UNCLOSED_QUOTE if is_later_line else Fault.QUOTE_IN_FIELD, at
        at += step


def read(
    data: bytes, marks: Marks = STANDARD, limit: int = 1 << 24, raw_limit: int = 1 << 16
) -> list[Seen]:
    seen, at, line = [], 0, 1
    while at < len(data):
        fault, place = _walk(data, at, marks, limit)
        stop = place if fault == Fault.OK else _line_end(data, at, marks)
        if fault == Fault.RECORD_TOO_LONG or stop - at > limit:
            stop = _line_end(data, at + limit)
        raw = data[at:stop]
        if fault == Fault.RECORD_TOO_LONG or len(raw) > limit:
            raw = raw[:raw_limit]
        if raw:
            seen.append(Seen(line, raw, fault))
        after = _after(data, stop)
        line += _line_count(data[at:after])
        at = after
    return seen


def fields(record: str, marks: Marks) -> list[tuple[str, str]]:
    """Of each field of a well-formed record, how it is written and what it stands for."""
    found, written, text, is_quoted, at = [], "", "", False, 0
    while at < len(record):
        one, two = record[at : at + 1], record[at : at + 2]
        step, meaning = _step(record[at : at + 3].encode(), 0, marks), one
        if step > 1:
            is_data = marks.quote is not None and not marks.has_codes and not is_quoted
            meaning = record[at + (0 if is_data else 1) : at + step]
        elif marks.has_codes and one == marks.escape and two[1:] in _CODES and len(two) == 2:
            step, meaning = 2, _CODES[two[1]]
        elif one == marks.quote and is_quoted and two[1:] == marks.quote:
            step = 2
        elif one == marks.quote:
            is_quoted, meaning = not is_quoted, ""
        elif one == marks.delimiter and not is_quoted:
            found.append((written, text))
            written, text, at = "", "", at + 1
            continue
        written, text, at = written + record[at : at + step], text + meaning, at + step
    return [*found, (written, text)]


def escapes_quote_outside(written: str, marks: Marks) -> bool:
    """Whether a field without quotes has a quote after an escape that is only data there."""
    if marks.quote is None or marks.has_codes or written.startswith(marks.quote):
        return False
    at = 0
    while at < len(written):
        step = _step(written[at : at + 3].encode(), 0, marks)
        if step > 1 and written[at + 1] == marks.quote:
            return True
        at += step
    return False
