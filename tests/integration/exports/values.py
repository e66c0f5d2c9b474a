"""Values of every type that a contract may have, as PostgreSQL reads them from text."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from hypothesis import strategies as st

from tests.integration.exports.conftest import TYPES

Text = st.SearchStrategy[str]
Values = st.SearchStrategy[str | None]
# PostgreSQL stores neither NUL nor lone surrogates.
CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
SPECIAL = st.sampled_from(["", " ", '"', "'", ",", "\r\n", "\\N", "NULL", "null", "[]", "=1", "\t"])
_TEXT = st.one_of(SPECIAL, st.text(CHARACTERS, max_size=12))
_DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def _integers(bits: int) -> Text:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1).map(str)


def _decimals(digits: int, scale: int) -> Text:
    most = 10**digits - 1
    return st.integers(-most, most).map(lambda number: f"{Decimal(number).scaleb(-scale):f}")


def _floats(width: Literal[32, 64]) -> Text:
    return st.floats(width=width, allow_nan=False, allow_infinity=False).map(repr)


def _elements(values: Text) -> Text:
    def quoted(text: str | None) -> str:
        if text is None:
            return "NULL"
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    lists = st.lists(st.none() | values, max_size=4)
    return lists.map(lambda found: "{" + ",".join(map(quoted, found)) + "}")


_SPANS = st.tuples(
    st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-(10**12), 10**12)
).map(lambda parts: "{} months {} days {} microseconds".format(*parts))
_MOST_SECONDS = 16 * 3600 - 1
_ZONES = st.one_of(
    st.integers(-15 * 60 - 59, 15 * 60 + 59).map(lambda minutes: 60 * minutes),
    st.integers(-_MOST_SECONDS, _MOST_SECONDS),
).map(lambda seconds: ("-" if seconds < 0 else "+") + str(timedelta(seconds=abs(seconds))))
# Of few decimals as often as of six.
_TIMES = st.tuples(st.times(), st.integers(0, 6)).map(
    lambda parts: parts[0].replace(
        microsecond=parts[0].microsecond // 10 ** parts[1] * 10 ** parts[1]
    )
)
_CLOCKS = _TIMES.map(lambda time: time.isoformat())
_PERIODS = st.one_of(
    st.just("empty"),
    st.just("(,)"),
    st.tuples(st.dates(), st.dates()).map(lambda days: f"[{min(days)},{max(days)}]"),
)
STRATEGIES: dict[str, Text] = {
    "small": _integers(16),
    "whole": _integers(32),
    "big": _integers(64),
    "exact": st.one_of(_decimals(40, 20), _decimals(60, 0), _decimals(3, 40)),
    "money": _decimals(12, 3),
    "single": _floats(32),
    "twice": _floats(64),
    "flag": st.sampled_from(["true", "false"]),
    "day": st.dates().map(str),
    "naive": st.datetimes().map(str),
    "instant": st.datetimes().map(lambda time: f"{time}Z"),
    "clock": _CLOCKS | st.just("24:00:00"),
    "zoned": st.tuples(_CLOCKS, _ZONES).map("".join),
    "span": _SPANS,
    "uid": st.uuids().map(str),
    "plain": _TEXT,
    "short": st.text(CHARACTERS, max_size=40),
    "fixed": st.text(CHARACTERS, max_size=3),
    "doc": _DOCUMENTS.map(json.dumps).filter(lambda text: "\\u0000" not in text),
    "words": _elements(_TEXT),
    "numbers": _elements(_integers(32)),
    "raw": st.binary(max_size=12).map(lambda data: "\\x" + data.hex()),
    "host": st.ip_addresses().map(str),
    "period": _PERIODS,
    "mood": st.sampled_from(["=calm", "o,k", 'it\'s "fine"']),
    "amount": st.integers(1, 2**31 - 1).map(str),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | STRATEGIES[name] for name in TYPES}),
    min_size=1,
    max_size=6,
)

_NO_NUMBERS = ["NaN", "Infinity", "-Infinity"]
_FAR_DAYS = [
    "infinity",
    "-infinity",
    "0044-03-15 BC",
    "10000-01-01",
    "5874897-12-31",
    "4713-01-01 BC",
]
_FAR_TIMES = ["infinity", "-infinity", "0001-12-31 23:59:59.5 BC", "294276-12-31 23:59:59.999999"]
BEYOND: dict[str, list[str]] = {
    "exact": [*_NO_NUMBERS, "1" + "0" * 131_071, "1e-16383"],
    "money": ["NaN"],
    "single": _NO_NUMBERS,
    "twice": _NO_NUMBERS,
    "day": _FAR_DAYS,
    "naive": _FAR_TIMES,
    "instant": _FAR_TIMES,
    "span": [*_NO_NUMBERS[1:], "178000000 years", "-178000000 years -5 days 00:00:00.1"],
    # Types that the loader does not parse have all of them.
    "period": ["[0044-03-15 BC,2000-01-01)", "(,20000-01-01)", "[-infinity,infinity]"],
}
"""Values that the database holds, and the checks of files or a format may refuse."""
BEYOND_ROWS = st.lists(
    st.dictionaries(st.sampled_from(list(BEYOND)), st.integers(0, 5), min_size=1, max_size=2).map(
        lambda row: {name: BEYOND[name][at % len(BEYOND[name])] for name, at in row.items()}
    ),
    min_size=1,
    max_size=20,
)
"""Rows with some of them; other columns are null."""
