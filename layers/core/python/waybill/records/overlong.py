"""Read the first record of a buffer that exceeds the record limit."""

import re
from functools import cache
from typing import NamedTuple

from waybill.records.grammar import QUOTE, RAW_LIMIT, Fault
from waybill.records.lines import count_line_ends, line_end_from

# Possessive quantifiers: megabytes of quotes neither backtrack nor use stack.
_QUOTED = re.compile(rb'[^"]*+(?:""[^"]*+)*+')


class FirstRecord(NamedTuple):
    """The record, and where reading resumes."""

    fault: Fault
    kept: int
    """Bytes of the buffer that belong to the record or are kept of it."""
    resume: int | None
    """First byte after it; None when the rest of its physical line is yet to come."""
    lines: int
    """Line endings before `resume`, or in the whole buffer."""


@cache
def _fields(delimiter: int) -> re.Pattern[bytes]:
    """Complete fields, each with the delimiter after it."""
    mark = re.escape(bytes([delimiter]))
    quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
    return re.compile(rb"(?:(?:" + quoted + rb'|[^"\r\n' + mark + rb"]*+)" + mark + rb")*+")


@cache
def _unquoted(delimiter: int) -> re.Pattern[bytes]:
    return re.compile(b'[^"\r\n' + re.escape(bytes([delimiter])) + b"]*+")


def _scan(data: bytes, delimiter: int, limit: int) -> tuple[Fault, int]:
    """(OK, end of the record) or (fault, position of the fault); uses data[: limit + 1]."""
    at = _end(_fields(delimiter), data, 0, limit)
    if at < limit and data[at] == QUOTE:
        closing = _end(_QUOTED, data, at + 1, limit)
        if closing >= limit:
            return Fault.UNCLOSED_QUOTE, limit
        at = closing + 1
    else:
        at = _end(_unquoted(delimiter), data, at, limit)
    if data[at] in b"\r\n":
        return Fault.OK, at
    if at >= limit:
        return Fault.RECORD_TOO_LONG, at
    return Fault.QUOTE_IN_FIELD, at


def _end(pattern: re.Pattern[bytes], data: bytes, start: int, limit: int) -> int:
    found = pattern.match(data, start, limit)
    return found.end() if found else start


def first_long_record(
    data: bytes, delimiter: int, raw_limit: int = RAW_LIMIT, *, final: bool
) -> FirstRecord | None:
    """Read the first record of `data`; None if it continues beyond `data`, unless `final`.

    The positions of the lines are not kept, so that a long quoted field takes little memory.
    """
    text = data if not final or data.endswith((b"\n", b"\r")) else data + b"\n"
    limit = len(text) - 1
    fault, at = _scan(text, delimiter, limit)
    if not final and fault is not Fault.OK and at >= limit:
        return None
    found = first_record(text, delimiter, limit, raw_limit)
    if not final and found.resume is None:
        return None
    return found._replace(resume=min(found.resume or len(data), len(data)))


def first_record(
    data: bytes, delimiter: int, limit: int, raw_limit: int = RAW_LIMIT
) -> FirstRecord:
    """Read the first record of `data`, which is longer than `limit` and does not end in CR."""
    fault, at = _scan(data, delimiter, limit)
    if fault is Fault.QUOTE_IN_FIELD and count_line_ends(data[:at]):
        fault = Fault.UNCLOSED_QUOTE
    line_end = line_end_from(data, at if fault in (Fault.OK, Fault.RECORD_TOO_LONG) else 0)
    kept, resume = line_end or (len(data), None)
    if fault is Fault.RECORD_TOO_LONG or kept > limit:
        kept = min(kept, raw_limit)
    return FirstRecord(fault, kept, resume, count_line_ends(data[:resume]))
