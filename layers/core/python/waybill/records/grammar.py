"""The grammar of CSV records, its limits and fault codes.

* A record ends at LF, CRLF or CR outside quotes, or at the end of the data. Each line ending,
  inside quotes too, starts a new *physical line*. A record's line is the one it starts on.
* An empty line is blank, not a record.
* A field is `[^",CR,LF]*` or `"([^"]|"")*"`, with the file's delimiter in place of the comma and
  its quote in place of `"`; without quotes it is `[^,CR,LF]*`. Nothing may precede an opening
  quote or follow a closing quote within a field.
* An escape in quotes makes a quote or an escape after it data (`escapes.py`). Outside quotes it is
  data itself, and a quote after it is `quote_in_field`; of a file without quotes, or with escapes
  of control characters, it makes a delimiter, quote, line ending or escape after it data
  everywhere. The line ending still begins a physical line, but on a violation reading does not
  resume there.
* On a violation, the physical line on which the record began is one reject, and reading resumes
  at the next physical line. The fault is `quote_in_field` if the violation is on that line,
  `unclosed_quote` if it is on a later line, or if the data or the record limit ends inside
  quotes. Only a record with a quote after an escape outside quotes is one reject with all its
  lines.
* A record that exceeds the limit outside quotes is `record_too_long`; reading resumes at the
  next physical line after the limit, whether or not its beginning is escaped.
"""

from enum import IntEnum

RECORD_LIMIT = 16 * 1024 * 1024
"""Maximum bytes of a record, without its line ending."""
RAW_LIMIT = 64 * 1024
"""Bytes kept of a record that exceeds the limit."""

QUOTE, LF, CR = 0x22, 0x0A, 0x0D


class Fault(IntEnum):
    """What is wrong with the structure of a record; `OK` for a well-formed one."""

    OK = 0
    QUOTE_IN_FIELD = 1
    UNCLOSED_QUOTE = 2
    RECORD_TOO_LONG = 3
    NUL_BYTE = 4
    INVALID_UTF8 = 5
    FIELD_COUNT = 6
    INVALID_ENCODING = 7
    REPEATED_HEADER = 8
    FORMULA_WITHOUT_VALUE = 9
