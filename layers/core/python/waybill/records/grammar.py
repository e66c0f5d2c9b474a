"""The grammar of records, its limits and the codes of what breaks it.

* A record ends at LF, CRLF or CR outside quotes, or at the end of the data. Every one of them,
  inside quotes too, begins a new *physical line*; a record's line is the one it starts on.
* A line without a byte is blank: not a record.
* A field is `[^",CR,LF]*` or `"([^"]|"")*"`, with the table's delimiter for the comma. Nothing
  may stand before an opening quote, nor between a closing one and the next delimiter.
* Where that is broken, the physical line on which the record began is one reject, and reading
  goes on with the next physical line: `quote_in_field` when it broke on that very line,
  `unclosed_quote` when it broke further down, or when the data or the limit of a record came
  first inside quotes.
* A record beyond the limit outside quotes is `record_too_long`; reading goes on with the next
  physical line after the limit.
"""

from enum import IntEnum

RECORD_LIMIT = 16 * 1024 * 1024
"""Bytes that a record may have, its line ending not counted."""
RAW_LIMIT = 64 * 1024
"""Bytes that are kept of what is over the limit."""

QUOTE, LF, CR = 0x22, 0x0A, 0x0D


class Fault(IntEnum):
    """What is wrong with a record as such; `OK` when nothing is."""

    OK = 0
    QUOTE_IN_FIELD = 1
    UNCLOSED_QUOTE = 2
    RECORD_TOO_LONG = 3
    NUL_BYTE = 4
    INVALID_UTF8 = 5
    FIELD_COUNT = 6
    INVALID_ENCODING = 7
