"""Says which quote or escape a contract must declare for records that were rejected without it.

An advice is part of the message of a reject. It is never applied: what is between other quotes,
or after a backslash, may be data.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array, Mask, Violation, to_mask
from waybill.records.grammar import Fault
from waybill.records.marks import Marks

_QUOTES = "\"'"
_ESCAPE = "\\"
_SAMPLE = 256
_ARGUMENTS = {"'": "quote => ''''", '"': "quote => '\"'", "\\": "escape => '\\'"}
_NO_QUOTES = "quote => 'none', if the quotes are data,"
_BACKSLASHES = f"quote => 'none', {_ARGUMENTS[_ESCAPE]}"


def with_quote_advice(violation: Violation, strings: Array, marks: Marks) -> Violation:
    """The violation, whose message names the quote that all of its values are in.

    Args:
        violation: of a column of a CSV file.
        strings: the texts of the column.
        marks: those of the file.
    """
    if violation.advice:
        return violation
    rows = np.flatnonzero(violation.rows)[:_SAMPLE]
    texts = [text for text in strings.take(pa.array(rows)).to_pylist() if text]
    for quote in _QUOTES:
        if quote != marks.quote and texts and all(_is_in(text, quote) for text in texts):
            return violation._replace(advice=f"declare {_ARGUMENTS[quote]}")
    return violation


def malformed_advice(data: bytes, raw: Array, fault: Fault, marks: Marks) -> Array | str:
    """An advice for each malformed record, or an empty text; one empty text if there is none.

    Args:
        data: the block that has the records.
        raw: the records, `binary`.
        fault: theirs.
        marks: those of the file.
    """
    advice: Array | str = ""
    for argument, rows in _arguments(data, raw, fault, marks):
        if rows.any():
            advice = pc.if_else(pa.array(rows), f"; declare {argument} to load it", advice)
    return advice


def _arguments(data: bytes, raw: Array, fault: Fault, marks: Marks) -> Iterator[tuple[str, Mask]]:
    """Arguments with the records that they may read, the surest last."""
    if fault == Fault.FIELD_COUNT:
        escaped = _has_escaped(data, raw, marks, marks.delimiter)
        if marks.quote is None:
            yield _ARGUMENTS[_ESCAPE], escaped
        else:
            # Beside quotes, an escape has a meaning only in them.
            yield _BACKSLASHES, escaped & ~_has_quoted(raw, marks, marks.quote)
        for quote in _QUOTES:
            if quote != marks.quote and quote.encode() in data:
                yield _ARGUMENTS[quote], _has_quoted_delimiter(raw, quote, marks)
    elif fault in (Fault.QUOTE_IN_FIELD, Fault.UNCLOSED_QUOTE) and marks.quote is not None:
        quoted = _has_quoted(raw, marks, marks.quote)
        yield _NO_QUOTES, ~quoted
        yield _ARGUMENTS[_ESCAPE], quoted & _has_escaped(data, raw, marks, marks.quote)


def _has_escaped(data: bytes, raw: Array, marks: Marks, char: str) -> Mask:
    """Records with the character after a backslash that has no meaning yet."""
    # One byte is found many times as fast as two, and most files have none.
    if marks.escape is not None or _ESCAPE.encode() not in data:
        return np.zeros(len(raw), bool)
    return to_mask(pc.match_substring(raw, f"{_ESCAPE}{char}"))


def _has_quoted(raw: Array, marks: Marks, quote: str) -> Mask:
    return _matches(raw, f"(^|{_code(marks.delimiter)})[ \\t]*{_code(quote)}")


def _has_quoted_delimiter(raw: Array, quote: str, marks: Marks) -> Mask:
    end, inside = _code(marks.delimiter), f"[^{quote}]*"
    return _matches(raw, f"(^|{end}){quote}{inside}{end}{inside}{quote}({end}|$)")


def _code(char: str) -> str:
    """The character as a regular expression."""
    return f"\\x{ord(char):02x}"


def _matches(raw: Array, pattern: str) -> Mask:
    return to_mask(pc.match_substring_regex(raw, pattern))


def _is_in(text: str, quote: str) -> bool:
    return len(text) > 1 and text[0] == text[-1] == quote
