"""Typed values arrive in the staging table as they are in the file, in every format."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.binary.encode import ENCODERS
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from waybill.columns.stage import stage_type
from waybill.contract.model import Column

UTC = dt.UTC
_TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=9)
_TIMES = st.datetimes()


def _column(kind: str, **more: object) -> Column:
    return column("a", kind, **more)


# Column, Arrow type, values, and what is staged for one.
CASES: dict[str, tuple[Column, Any, st.SearchStrategy[Any], Any]] = {
    "int2": (_column("int2"), pa.int16(), st.integers(-(2**15), 2**15 - 1), int),
    "int4": (_column("int4"), pa.int32(), st.integers(-(2**31), 2**31 - 1), int),
    "int8": (_column("int8"), pa.int64(), st.integers(-(2**63), 2**63 - 1), int),
    "uint64 as numeric": (_column("numeric"), pa.uint64(), st.integers(0, 2**64 - 1), str),
    "float8": (
        _column("float8"),
        pa.float64(),
        st.floats(allow_nan=False, allow_infinity=False),
        float,
    ),
    "float4": (
        _column("float4"),
        pa.float32(),
        st.floats(allow_nan=False, allow_infinity=False, width=32),
        float,
    ),
    "whole doubles as int4": (
        _column("int4"),
        pa.float64(),
        st.integers(-(2**31), 2**31 - 1).map(float),
        int,
    ),
    "numeric": (
        _column("numeric"),
        pa.decimal128(38, 12),
        st.decimals(-(10**20), 10**20, places=12),
        lambda value: f"{value:f}",
    ),
    "numeric of 76 digits": (
        _column("numeric"),
        pa.decimal256(76, 30),
        st.decimals(-(10**40), 10**40, places=30),
        lambda value: f"{value:f}",
    ),
    "bool": (_column("bool"), pa.bool_(), st.booleans(), bool),
    "date": (_column("date"), pa.date32(), st.dates(), lambda value: value),
    "date of milliseconds": (_column("date"), pa.date64(), st.dates(), lambda value: value),
    "midnight as date": (
        _column("date"),
        pa.timestamp("us"),
        st.dates().map(lambda day: dt.datetime.combine(day, dt.time())),
        lambda value: value.date(),
    ),
    "timestamp": (_column("timestamp"), pa.timestamp("us"), _TIMES, lambda value: value),
    "timestamptz": (
        _column("timestamptz"),
        pa.timestamp("us", "UTC"),
        _TIMES.map(lambda value: value.replace(tzinfo=UTC)),
        lambda value: value,
    ),
    "timestamptz in a zone": (
        _column("timestamptz"),
        pa.timestamp("us", "Europe/Zurich"),
        _TIMES.map(lambda value: value.replace(tzinfo=UTC)),
        lambda value: value,
    ),
    "timestamptz in nanoseconds": (
        _column("timestamptz"),
        pa.timestamp("ns", "UTC"),
        st.integers(-(8 * 10**15), 8 * 10**15).map(
            lambda micros: dt.datetime(1970, 1, 1, tzinfo=UTC) + dt.timedelta(microseconds=micros)
        ),
        lambda value: value,
    ),
    "time": (
        _column("time"),
        pa.time64("us"),
        st.times(),
        lambda value: f"{value.isoformat('microseconds')}",
    ),
    "text": (_column("text"), pa.string(), _TEXT, str),
    "large text": (_column("text"), pa.large_string(), _TEXT, str),
    "text in a dictionary": (
        _column("text"),
        pa.dictionary(pa.int32(), pa.string()),
        _TEXT,
        str,
    ),
    "text as binary": (_column("text"), pa.binary(), _TEXT.map(str.encode), bytes.decode),
    "bytea": (_column("bytea"), pa.binary(), st.binary(max_size=9), lambda v: "\\x" + v.hex()),
    "uuid": (
        _column("uuid"),
        pa.binary(16),
        st.uuids().map(lambda value: value.bytes),
        lambda value: str(uuid.UUID(bytes=value)),
    ),
    "inet as text": (_column("inet"), pa.string(), st.ip_addresses().map(str), str),
}


@st.composite
def _records(draw: st.DrawFn) -> dict[str, list[Any]]:
    """As many values of each case."""
    count = draw(st.integers(1, 20))
    return {
        name: draw(st.lists(st.none() | strategy, min_size=count, max_size=count))
        for name, (_, _, strategy, _) in CASES.items()
    }


@pytest.mark.parametrize("file_format", ENCODERS)
@settings(max_examples=8, deadline=None)
@given(records=_records())
def test_values_are_staged_as_they_are_in_the_file(
    file_format: str, records: dict[str, list[Any]]
) -> None:
    columns = [case[0].model_copy(update={"name": name}) for name, case in CASES.items()]
    table = pa.table({name: pa.array(records[name], CASES[name][1]) for name in CASES})
    file = read_file(contract(*columns), ENCODERS[file_format](table))
    assert file.rejects == {}
    for name, (target, _, _, staged) in CASES.items():
        expected = [None if value is None else staged(value) for value in records[name]]
        if target.stage != "text":
            expected = pa.array(expected, stage_type(target)).to_pylist()
        assert [row[name] for row in file.rows] == expected, name
    lines = list(range(1, len(table) + 1))
    assert [row["_waybill_line"] for row in file.rows] == lines


_NESTED: list[tuple[Column, Any, Any, str | None]] = [
    (_column("_int4"), pa.list_(pa.int32()), [1, None, 3], '{"1",NULL,"3"}'),
    (_column("_int4"), pa.large_list(pa.int32()), [], "{}"),
    (_column("_int4"), pa.list_(pa.int32(), 2), [1, 2], '{"1","2"}'),
    (_column("_text"), pa.list_(pa.string()), ['a"b', "c\\", ""], r'{"a\"b","c\\",""}'),
    (_column("_int4"), pa.list_(pa.list_(pa.int32())), [[1], [2]], '{{"1"},{"2"}}'),
    (_column("_bool"), pa.list_(pa.bool_()), [True, False], '{"true","false"}'),
    (
        _column("jsonb"),
        pa.struct({"x": pa.float32(), "y": pa.list_(pa.date32()), "z": pa.string()}),
        {"x": 0.1, "y": [dt.date(2021, 2, 3), None], "z": 'é"\n'},
        '{"x": 0.1, "y": ["2021-02-03", null], "z": "é\\"\\n"}',
    ),
    (_column("jsonb"), pa.map_(pa.string(), pa.int64()), [("k", 2**60)], f'{{"k": {2**60}}}'),
    (_column("jsonb"), pa.decimal128(20, 10), Decimal("0.0000000100"), "0.0000000100"),
    (_column("jsonb"), pa.date32(), dt.date(2021, 2, 3), '"2021-02-03"'),
    (_column("jsonb"), pa.string(), '{"a": [1.50]}', '{"a": [1.50]}'),
    (_column("jsonb"), pa.bool_(), True, "true"),
    (_column("interval"), pa.duration("ms"), dt.timedelta(seconds=90), "90.000 seconds"),
]


@pytest.mark.parametrize("file_format", ENCODERS)
def test_nested_values_become_arrays_and_json(file_format: str) -> None:
    cases = {f"c{at}": case for at, case in enumerate(_NESTED)}
    columns = [case[0].model_copy(update={"name": name}) for name, case in cases.items()]
    arrays = {
        name: pa.array([None, value, None, value], kind)
        for name, (_, kind, value, _) in cases.items()
    }
    file = read_file(contract(*columns), ENCODERS[file_format](pa.table(arrays)))
    assert file.rejects == {}
    for name, (_, _, _, staged) in cases.items():
        assert [row[name] for row in file.rows] == [None, staged, None, staged]
