"""A slow, independent implementation of the record grammar, byte by byte."""

from typing import NamedTuple

from waybill.records.grammar import Fault


class Seen(NamedTuple):
    line: int
    raw: bytes
    fault: Fault


def _line_end(data: bytes, at: int) -> int:
    while at < len(data) and data[at : at + 1] not in (b"\n", b"\r"):
        at += 1
    return at


def _after(data: bytes, stop: int) -> int:
    return min(len(data), stop + (2 if data[stop : stop + 2] == b"\r\n" else 1))


def _line_count(data: bytes) -> int:
    return len(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")) - 1


def _walk(data: bytes, at: int, delimiter: bytes, limit: int) -> tuple[Fault, int]:
    """One record from `at`: OK and its end, or a fault and its position."""
    begin, state = at, "start"
    while True:
        byte = data[at : at + 1]
        ends = byte in (b"", b"\n", b"\r")
        if state == "quoted" and (byte == b"" or at - begin >= limit):
            return Fault.UNCLOSED_QUOTE, at
        if state != "quoted" and (ends or at - begin >= limit):
            return Fault.OK if ends else Fault.RECORD_TOO_LONG, at
        if state == "quoted":
            state = "closing" if byte == b'"' else "quoted"
        elif byte == delimiter:
            state = "start"
        elif state == "start":
            state = "quoted" if byte == b'"' else "plain"
        elif state == "closing" and byte == b'"':
            state = "quoted"
        elif state == "closing" or byte == b'"':
            is_later_line = _line_end(data, begin) < at
            return Fault.UNCLOSED_QUOTE if is_later_line else Fault.QUOTE_IN_FIELD, at
        at += 1


def read(
    data: bytes, delimiter: bytes = b",", limit: int = 1 << 24, raw_limit: int = 1 << 16
) -> list[Seen]:
    seen, at, line = [], 0, 1
    while at < len(data):
        fault, place = _walk(data, at, delimiter, limit)
        stop = place if fault == Fault.OK else _line_end(data, at)
        if fault == Fault.RECORD_TOO_LONG:
            stop = _line_end(data, place)
        raw = data[at:stop]
        if fault == Fault.RECORD_TOO_LONG or len(raw) > limit:
            raw = raw[:raw_limit]
        if raw:
            seen.append(Seen(line, raw, fault))
        after = _after(data, stop)
        line += _line_count(data[at:after])
        at = after
    return seen
