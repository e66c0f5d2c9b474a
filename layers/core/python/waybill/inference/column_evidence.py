"""What the values of a column are, block by block."""

from collections import Counter
from typing import NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check_result import Array, null_where, to_mask
from waybill.inference.readings import (
    PLAIN,
    TYPES,
    DeclaredType,
    Reader,
    Reading,
    formatted,
    shapes,
)

NULL_WORDS = (
    *("NULL", "null", "Null", "(null)", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "None"),
    *("none", "nil", "\\N", "-", "--", "?", "."),
)
"""Texts that mean null where all other values of the column have a type."""
_WIDEST_INT = 2**30
_SHAPES = 3
_DATE = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z"
_EMAIL = r"\A[^@\s]+@[^@\s]+\.[^@\s]+\z"


class ColumnEvidence:
    """Which readings take every value so far, and what else is known."""

    def __init__(self, *, is_json: bool = False, declared: DeclaredType | None = None) -> None:
        """`is_json`: some of the values are lists or objects; `declared`: the file has a type."""
        self._declared = declared
        self._is_typed = declared is not None and declared.reading.kind != "text"
        self._is_json = is_json
        # The check refuses NaN, which some writers mean as null.
        self._is_float = declared is not None and declared.reading.kind in ("float4", "float8")
        untested = is_json or self._is_typed
        self._readers = [] if untested else [Reader(reading) for reading in PLAIN]
        self._is_begun = untested
        self._largest = 0
        self._booleans: set[str] = set()
        self._emails = True
        self._zeros = False
        self._shapes: dict[str, None] = {}
        self.records = 0
        self.nulls = 0
        """Nulls, and empty texts, which are null in every type but text."""
        self.empty_texts = 0
        self.words: Counter[str] = Counter()
        self.longest = 0
        """Characters of the longest value."""

    def add(self, strings: Array) -> None:
        """Count the texts of a block, a `string` array."""
        self.records += len(strings)
        empty = to_mask(pc.equal(strings, ""))
        self.empty_texts += int(empty.sum())
        values = null_where(empty, strings)
        self.nulls += values.null_count
        if values.null_count == len(values):
            return
        self.longest = max(self.longest, pc.max(pc.utf8_length(values)).as_py())
        if self._is_json or (self._is_typed and not self._is_float):
            return
        values = self._without_words(values)
        if self._is_float:
            return
        if values.null_count < len(values):
            self._describe(values)
            self._test(values)

    def _without_words(self, values: Array) -> Array:
        is_word = to_mask(pc.is_in(values, pa.array(NULL_WORDS, pa.string())))
        if not is_word.any():
            return values
        self.words.update(values.filter(pa.array(is_word)).to_pylist())
        return null_where(is_word, values)

    def _describe(self, values: Array) -> None:
        self._emails &= bool(pc.all(pc.match_substring_regex(values, _EMAIL)).as_py())
        self._zeros |= bool(pc.any(pc.match_substring_regex(values, r"\A0[0-9]+\z")).as_py())
        if len(self._shapes) < _SHAPES:
            self._shapes |= dict.fromkeys(shapes(values, _SHAPES))

    def _test(self, values: Array) -> None:
        if not self._is_begun:
            self._is_begun = True
            self._readers += map(Reader, formatted(values))
        if self._readers:
            self._readers = [reader for reader in self._readers if reader.reads(values)]
        kinds = {reader.reading.kind for reader in self._readers}
        if "int8" in kinds and any(reader.reading == Reading("int8") for reader in self._readers):
            numbers = pc.cast(values, pa.int64())
            bounds = [abs(bound.as_py() or 0) for bound in pc.min_max(numbers).values()]
            self._largest = max(self._largest, *bounds)
        if "bool" in kinds:
            self._booleans.update(pc.utf8_lower(values).unique().drop_null().to_pylist())

    @property
    def _alive(self) -> list[Reading]:
        readings = [reader.reading for reader in self._readers]
        one_word = len(self._booleans) == 1 and not self._booleans & {"true", "false"}
        if one_word:
            # `t` or `y` alone may be a code.
            readings = [reading for reading in readings if reading.kind != "bool"]
        if self._largest >= _WIDEST_INT:
            readings = [reading for reading in readings if reading.kind != "int4"]
        return readings

    @property
    def ambiguous(self) -> list[Reading]:
        """Readings of which each takes every value, but as other values than the others do."""
        readings = self._alive
        if self._declared or not self.has_values or not readings or readings[0].format is None:
            return []
        by_order = {(reading.order): reading for reading in reversed(readings)}
        kinds = {_family(reading) for reading in readings}
        return list(by_order.values()) if len(by_order) > 1 and len(kinds) == 1 else []

    @property
    def has_values(self) -> bool:
        """Whether there is a value that is not a word for null."""
        return self.records - self.nulls > self.words.total()

    @property
    def reading(self) -> Reading:
        """The reading to propose."""
        if self._is_json:
            return Reading("jsonb")
        if self._declared:
            return self._declared.reading
        if not self.has_values or self.ambiguous or not self._alive:
            return Reading("text")
        return self._alive[0]

    @property
    def null_words(self) -> list[str]:
        """Words for null that occur; those of a column of text are text."""
        return [] if self.reading.kind in ("text", "jsonb") else sorted(self.words)

    def notes(self) -> list[str]:
        """The evidence, without values."""
        values = self.records - self.nulls
        found = [f"{values} of {self.records} have a value"]
        if self._declared:
            found.append(f"{self._declared.name} in the file")
        if self._is_json:
            return [*found, "lists or objects"]
        if self.words:
            listed = ", ".join(
                f"{word!r} {count} times" for word, count in sorted(self.words.items())
            )
            kept = "read as null" if self.null_words else "kept as text"
            found.append(f"{listed}: {kept}")
        if self._is_typed:
            return found
        found.append(self._why())
        if self._emails and self.has_values:
            found.append("e-mail addresses: consider `personal`")
        return found

    def _why(self) -> str:
        reading = self.reading
        if self._declared and self.has_values and self._alive:
            return f"text, though {TYPES[self._alive[0].kind]} would read every value"
        if not self.has_values:
            return "no value tells the type"
        if self.ambiguous:
            return (
                "ambiguous: " + " or ".join(map(_declared, self.ambiguous)) + " reads every value"
            )
        if reading.kind == "text":
            zeros = "digits with leading zeros, " if self._zeros else ""
            looks = ", ".join(self._shapes)
            return f"{zeros}up to {self.longest} characters, such as {looks}"
        others = [r for r in self._alive if r.kind in ("date", "timestamp") and reading.is_number]
        also = f"; {_declared(others[0])} would read them too" if others else ""
        zone = "; no zone in the file" if reading.kind == "timestamp" else ""
        how = f" as {_declared(reading)}" if reading.format else ""
        return f"every value is valid{how}{also}{zone}"


class SheetEvidence(NamedTuple):
    """Of a column of a sheet, where a time at midnight is shown as a date."""

    shown: ColumnEvidence
    as_times: ColumnEvidence
    """With dates as times at midnight."""

    @classmethod
    def empty(cls) -> Self:
        """Without values."""
        return cls(ColumnEvidence(), ColumnEvidence())

    def add(self, strings: Array) -> None:
        """Count the texts of a block."""
        self.shown.add(strings)
        self.as_times.add(pc.replace_substring_regex(strings, _DATE, r"\0 00:00:00"))

    @property
    def fitting(self) -> ColumnEvidence:
        """The one that tells a type."""
        is_mixed = self.shown.reading.kind == "text" and self.as_times.reading.kind == "timestamp"
        return self.as_times if is_mixed else self.shown


def _family(reading: Reading) -> str:
    return "number" if reading.is_number else reading.kind


def _declared(reading: Reading) -> str:
    form = reading.format.model_dump(exclude_defaults=True) if reading.format else {}
    return form["date"] if "date" in form else ", ".join(f"{k} {v!r}" for k, v in form.items())
