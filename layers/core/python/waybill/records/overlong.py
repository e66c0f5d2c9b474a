"""Read the first record of a buffer that exceeds the record limit."""

import re
from functools import cache
from typing import NamedTuple

from waybill.records.grammar import RAW_LIMIT, Fault
from waybill.records.lines import count_line_ends, line_end_from
from waybill.records.marks import Marks


class FirstRecord(NamedTuple):
    """The record, and where reading resumes."""

    fault: Fault
    kept: int
    """Bytes of the buffer that belong to the record or are kept of it."""
    resume: int | None
    """First byte after it; None when the rest of its physical line is yet to come."""
    lines: int
    """Line endings before `resume`, or in the whole buffer."""


class _Patterns(NamedTuple):
    """Possessive quantifiers: megabytes of quotes neither backtrack nor use stack."""

    fields: re.Pattern[bytes]
    """Complete fields, each with the delimiter after it."""
    unquoted: re.Pattern[bytes]
    quoted: re.Pattern[bytes] | None
    """What is between the quotes; None if there are no quotes."""


@cache
def _patterns(marks: Marks) -> _Patterns:
    end = re.escape(marks.delimiter.encode())
    quote = b"" if marks.quote is None else re.escape(marks.quote.encode())
    unquoted = b"[^" + quote + rb"\r\n" + end + b"]*+"
    field, quoted = unquoted, None
    if quote:
        inside = b"[^%b]*+(?:%b%b[^%b]*+)*+" % (quote, quote, quote, quote)
        quoted = re.compile(inside)
        field = quote + inside + quote + b"|" + unquoted
    return _Patterns(
        re.compile(b"(?:(?:" + field + b")" + end + b")*+"), re.compile(unquoted), quoted
    )


def _scan(data: bytes, marks: Marks, limit: int) -> tuple[Fault, int]:
    """(OK, end of the record) or (fault, position of the fault); uses data[: limit + 1]."""
    patterns = _patterns(marks)
    at = _end(patterns.fields, data, 0, limit)
    if patterns.quoted and at < limit and data[at : at + 1] == (marks.quote or "").encode():
        closing = _end(patterns.quoted, data, at + 1, limit)
        if closing >= limit:
            return Fault.UNCLOSED_QUOTE, limit
        at = closing + 1
    else:
        at = _end(patterns.unquoted, data, at, limit)
    if data[at] in b"\r\n":
        return Fault.OK, at
    if at >= limit:
        return Fault.RECORD_TOO_LONG, at
    return Fault.QUOTE_IN_FIELD, at


def _end(pattern: re.Pattern[bytes], data: bytes, start: int, limit: int) -> int:
    found = pattern.match(data, start, limit)
    return found.end() if found else start


def first_long_record(
    data: bytes, settled: bytes, marks: Marks, raw_limit: int = RAW_LIMIT, *, final: bool
) -> FirstRecord | None:
    """Read the first record of `data`; None if it continues beyond `data`, unless `final`.

    `settled` is the shadow of the data (`escapes.py`). The positions of the lines are not kept, so
    that a long quoted field takes little memory.
    """
    text = settled if not final or settled.endswith((b"\n", b"\r")) else settled + b"\n"
    limit = len(text) - 1
    fault, at = _scan(text, marks, limit)
    if not final and fault is not Fault.OK and at >= limit:
        return None
    fault, line_end = _line_end(text, fault, at)
    if not final and line_end is None:
        return None
    return _first(data, fault, line_end, limit, raw_limit)


def first_record(
    data: bytes, settled: bytes, marks: Marks, limit: int, raw_limit: int = RAW_LIMIT
) -> FirstRecord:
    """Read the first record of `data`, which is longer than `limit` and does not end in CR.

    `settled` is the shadow of the data. What is beyond the limit is not read, so whether a line
    ending there is escaped is not known, and it ends the record.
    """
    fault, line_end = _line_end(settled, *_scan(settled, marks, limit))
    if line_end is None or line_end[0] > limit:
        line_end = line_end_from(data, limit)
    return _first(data, fault, line_end, limit, raw_limit)


def _line_end(settled: bytes, fault: Fault, at: int) -> tuple[Fault, tuple[int, int] | None]:
    """The fault, and the line ending where reading resumes."""
    if fault is Fault.QUOTE_IN_FIELD and count_line_ends(settled[:at]):
        fault = Fault.UNCLOSED_QUOTE
    begin = at if fault in (Fault.OK, Fault.RECORD_TOO_LONG) else 0
    return fault, line_end_from(settled, begin)


def _first(
    data: bytes, fault: Fault, line_end: tuple[int, int] | None, limit: int, raw_limit: int
) -> FirstRecord:
    kept, resume = line_end or (len(data), None)
    if fault is Fault.RECORD_TOO_LONG or kept > limit:
        kept = min(kept, raw_limit)
    lines = count_line_ends(data[:resume])
    if resume is not None and resume > len(data):
        # The last line, which has no line ending.
        resume, lines = len(data), lines + 1
    return FirstRecord(fault, kept, resume, lines)
