"""The types and formats that the values of a column may be read with."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns.check import check_column
from waybill.columns.check_result import Array, to_mask
from waybill.columns.date_templates import WIDE, WIDTHS, fill, templates
from waybill.columns.formats import ColumnFormat, column_formats
from waybill.contract.model import Column, Contract, Format, Stage
from waybill.errors import Rejected

_STAGES: dict[str, Stage] = {
    "bool": "bool",
    "int2": "int2",
    "int4": "int4",
    "int8": "int8",
    "float4": "float4",
    "float8": "float8",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
}
TYPES = {
    "bool": "boolean",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "numeric": "numeric",
    "float4": "real",
    "float8": "double precision",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "time": "time",
    "interval": "interval",
    "bytea": "bytea",
    "uuid": "uuid",
    "jsonb": "jsonb",
    "text": "text",
}
"""The SQL type of each kind that may be proposed."""
_KINDS = {sql_type: kind for kind, sql_type in TYPES.items()}
_NUMBERS = frozenset(["int4", "int8", "numeric"])
_TIMES = frozenset(["date", "timestamp", "timestamptz"])
# What a check alone would take, but what is a code rather than a value.
_REFUSED = {
    # A leading zero would be lost, and an exponent without sign or point may be a code: 12E4.
    **dict.fromkeys(_NUMBERS, r"\A[^0-9]*0[0-9]|\A-?[0-9]+[eE][0-9]"),
    "bool": r"\A[01]\z",
    # The database refuses such a time of day, and a blank would be lost.
    "time": r"\A(?:[^0-9]|2[4-9]|[3-9][0-9])|[^0-9:.]|:[6-9]",
    "jsonb": r"\A[^\[{]",
}
_WORDS = ((("yes",), ("no",)), (("y",), ("n",)), (("on",), ("off",)))
_SAMPLE = 256
_SIGNS = {")": "parentheses", "-": "trailing"}
_MARKS = (
    *((None, None), (",", None), (",", "."), (None, ",")),
    *((",", " "), (None, " "), (None, "'")),
)
_CURRENCY = re.compile(r"[$€£¥]")


class Reading(NamedTuple):
    """A type, and the format if it is not the default."""

    kind: str
    format: Format | None = None
    digits: tuple[int, int] | None = None
    """Precision and scale of a numeric that has them."""

    @property
    def sql_type(self) -> str:
        """The type as SQL has it."""
        name = TYPES[self.kind]
        return f"{name}({self.digits[0]},{self.digits[1]})" if self.digits else name

    @property
    def is_number(self) -> bool:
        """Whether it is a type of numbers."""
        return self.kind in _NUMBERS

    @property
    def order(self) -> str:
        """What tells formats apart that read the same text as different values."""
        form = self.format or Format()
        if form.date:
            days = re.sub("MI|MS|AM", "", re.sub("Month|Mon", "M", form.date))
            return "".join(part[0] for part in re.findall("Y+|M+|D+", days))
        return form.decimal or ("." if form.thousands else "")


class DeclaredType(NamedTuple):
    """The type that a file declares for a column, and the one that holds its values."""

    name: str
    """As Arrow calls it: `timestamp[us, tz=UTC]`."""
    reading: Reading


def declared_type(name: str, sql_type: str) -> DeclaredType:
    """The declared type of this name, whose values fit into a column of this SQL type."""
    base, _, digits = sql_type.partition("(")
    reading = Reading(_KINDS[base])
    if digits:
        precision, scale = map(int, digits.rstrip(")").split(","))
        reading = reading._replace(digits=(precision, scale))
    return DeclaredType(name, reading)


def column_of(name: str, reading: Reading, *, nullable: bool = True) -> Column:
    """The column of a contract."""
    return Column(
        name=name,
        type=reading.sql_type,
        kind=reading.kind,
        stage=_STAGES.get(reading.kind, "text"),
        required=not nullable,
        nullable=nullable,
        has_default=False,
        precision=reading.digits[0] if reading.digits else None,
        scale=reading.digits[1] if reading.digits else None,
    )


class Reader:
    """Reads texts with a reading."""

    def __init__(self, reading: Reading) -> None:
        """Raises `Rejected` (`contract-broken`) if the format means nothing."""
        self.reading = reading
        self._column = column_of("value", reading)
        self._format: ColumnFormat | None = None
        if reading.format:
            made = _contract(self._column, reading.format)
            self._format = column_formats(made)[self._column.name]

    def reads(self, strings: Array) -> bool:
        """Whether it reads every text that is not null, without losing anything of it."""
        refused = _REFUSED.get(self.reading.kind)
        if refused and to_mask(pc.match_substring_regex(strings, refused)).any():
            return False
        return not check_column(self._column, strings, self._format).violations


def _contract(column: Column, form: Format) -> Contract:
    return Contract(
        name="inferred",
        version=0,
        table_schema="public",
        table="inferred",
        write_disposition="append",
        natural_key=(),
        columns=(column,),
        formats={column.name: form},
    )


PLAIN = tuple(
    Reading(kind)
    for kind in (
        *("bool", "int4", "int8", "numeric", "date", "timestamp", "timestamptz", "time"),
        *("uuid", "jsonb"),
    )
)
"""The readings without a format, the narrowest first."""


def formatted(strings: Array) -> list[Reading]:
    """Readings with a format that may read the texts, by the first of them; not all are null."""
    sample = strings.drop_null().slice(0, _SAMPLE).to_pylist()
    found = [*_booleans(sample[0]), *_numbers(sample), *_times(sample[0])]
    return [each for each in found if each.format != Format() and _is_valid(each)]


def _is_valid(reading: Reading) -> bool:
    try:
        Reader(reading)
    except Rejected:
        return False
    return True


def _booleans(text: str) -> Iterator[Reading]:
    for true, false in _WORDS:
        if text.lower() in (*true, *false):
            yield Reading("bool", Format(true_words=true, false_words=false))


def _numbers(sample: Sequence[str]) -> Iterator[Reading]:
    if not any(char.isdigit() for char in sample[0]):
        return
    symbol = _CURRENCY.search(sample[0])
    signs = {_SIGNS.get(text[-1:], "sign") for text in sample}
    found = frozenset("".join(sample))
    for sign in sorted(signs - {"sign"}) or ["sign"]:
        for decimal, thousands in _MARKS:
            # A mark that does not occur says nothing.
            if not found.issuperset((decimal or "") + (thousands or "")):
                continue
            form = {
                "decimal": decimal,
                "thousands": thousands,
                "currency": symbol[0] if symbol else None,
                "negative": None if sign == "sign" else sign,
            }
            for kind in ("int8", "numeric") if decimal is None else ("numeric",):
                yield Reading(kind, Format.model_validate(form))


def _times(text: str) -> Iterator[Reading]:
    for template in templates(text):
        kind = "date"
        if "MI" in template:
            kind = "timestamptz" if "TZH" in template else "timestamp"
        patterns = dict.fromkeys(fill(template, width) for width in (*WIDTHS, WIDE))
        yield from (Reading(kind, Format(date=pattern)) for pattern in patterns)


def shapes(strings: Array, limit: int) -> Iterable[str]:
    """How the first texts look, without saying what they are: `AA-999`."""
    texts = pa.array(strings.drop_null().slice(0, _SAMPLE).to_pylist(), pa.string()).unique()
    seen: dict[str, None] = {}
    for text in texts.to_pylist():
        shape = re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", text[:40]))
        seen[re.sub(r"[^ -~]", "?", shape)] = None
        if len(seen) == limit:
            break
    return seen
