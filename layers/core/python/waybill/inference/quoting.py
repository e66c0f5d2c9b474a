"""How the fields of a CSV file are quoted and escaped, where it is not as RFC 4180 says."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from waybill.records.head import Head, HeadRecord
from waybill.records.marks import Marks

_RECORDS = 2000
_NULL = "\\N"
_ENCLOSED = re.compile(r"([\"']).*\1", re.DOTALL)


class Quoting(NamedTuple):
    """Arguments of a registration."""

    quote: str | None = '"'
    escape: str | None = None
    escape_codes: bool = False
    null_words: tuple[str, ...] = ()

    def marks(self, delimiter: str) -> Marks:
        """With a delimiter."""
        return Marks(delimiter, self.quote, self.escape, self.escape_codes)

    def __str__(self) -> str:
        quote = f"the quote {self.quote}" if self.quote else "no quotes"
        return f"{quote} and the escape {self.escape}" if self.escape else quote


STANDARD = Quoting()
_BACKSLASH = Quoting(None, "\\", escape_codes=True, null_words=(_NULL,))
"""As COPY of PostgreSQL, MySQL and Hive write text."""
_OTHERS = (Quoting('"', "\\"), Quoting("'"), Quoting("'", "\\"), _BACKSLASH, Quoting(None))


class FoundQuoting(NamedTuple):
    """What fits the first records, and why it is not the standard."""

    quoting: Quoting
    delimiter: str
    why: str


def find_quoting(text: Head, delimiter: str, delimiters: Sequence[str]) -> FoundQuoting | None:
    """Another way to quote that reads the first records without a fault; None for the standard.

    It is looked for only where the standard, with its best delimiter, has malformed records, or
    fields that are clearly read wrong.
    """
    records = _first_records(text, STANDARD.marks(delimiter))
    if why := _faults(records):
        candidates: tuple[Quoting, ...] = _OTHERS
    elif nulls := sum(record.cells.count(_NULL) for record in records):
        candidates, why = (_BACKSLASH,), f"{nulls} fields are {_NULL}"
    else:
        return None
    # The best delimiter of the standard may be wrong where the quotes are.
    tried = (delimiter, *(each for each in delimiters if each != delimiter))
    fitting = [
        FoundQuoting(quoting, each, why)
        for quoting in candidates
        if (each := next((mark for mark in tried if _reads(text, quoting, mark)), None))
    ]
    if not fitting:
        return None
    others = "".join(f"; {each.quoting} would read them too" for each in fitting[1:])
    return fitting[0]._replace(why=why + others)


def _first_records(text: Head, marks: Marks) -> list[HeadRecord]:
    return [each for each in text.records(marks, _RECORDS) if not each.is_blank]


def _faults(records: Sequence[HeadRecord]) -> str:
    """What is wrong with records that are read in the standard way; empty if nothing is."""
    malformed = sum(not record.is_well_formed for record in records)
    if malformed:
        return f"{malformed} of the first {len(records)} records are malformed"
    widths = Counter(len(record.cells) for record in records)
    if widths.keys() == {1}:
        return "no delimiter divides the records alike"
    if len(widths) > 1:
        other = len(records) - max(widths.values())
        return f"{other} of the first {len(records)} records have another number of fields"
    for at in range(len(records[0].cells) if records else 0):
        values = [record.cells[at] for record in records[1:] if record.cells[at]]
        if len(values) > 1 and all(_is_enclosed(value, "'") for value in values):
            return f"field {at + 1} is in single quotes in every record"
    return ""


def _is_enclosed(value: str, quote: str) -> bool:
    return len(value) > 1 and value[0] == value[-1] == quote


def _reads(text: Head, quoting: Quoting, delimiter: str) -> bool:
    """Whether every record is well-formed, as wide as the others, and leaves no mark in a field."""
    records = _first_records(text, quoting.marks(delimiter))
    widths = {len(record.cells) for record in records}
    if len(widths) != 1 or widths == {1}:
        return False
    if not all(record.is_well_formed for record in records):
        return False
    if any(_ENCLOSED.fullmatch(cell) for record in records for cell in record.cells):
        return False
    data = text.data[: records[-1].end]
    if any(mark.encode() not in data for mark in (quoting.quote, quoting.escape) if mark):
        return False
    return not quoting.escape_codes or _explains_escapes(data, delimiter)


def _explains_escapes(data: bytes, delimiter: str) -> bool:
    """Whether every backslash is written by who escapes with it: those of a path are not."""
    end = re.escape(delimiter.encode())
    # Of the others, a path may have each.
    clear = rb"(?<![^\r\n%b])\\N(?![^\r\n%b])|\\[\\%b]" % (end, end, end)
    found = [
        each.lastgroup
        for each in re.finditer(
            rb"(?P<clear>%b)|(?P<code>\\[bfnrtv\r\n])|(?P<data>\\)" % clear, data
        )
    ]
    return "clear" in found and "data" not in found
