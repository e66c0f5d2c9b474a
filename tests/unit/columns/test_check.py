"""From bytes to staged rows and rejects: nulls, trimming, reasons, raw text."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.checking import outcome
from tests.unit.columns.contracts import column, contract
from waybill.columns.check_result import Array
from waybill.columns.json_text import json_objects

THINGS = contract(
    column("id", "int4", nullable=False),
    column("name", "text", nullable=False),
    column("at", "timestamptz"),
    null_words=("NA", "\\N"),
)


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ("1, Supply Chain ,", "Supply Chain"),
        ('1," kept ",', " kept "),
        ('1,"",', ""),
        ('1,"NA",', "NA"),
        ('1,"a ""b"", c\r\nd",', 'a "b", c\r\nd'),
        ("1,\u00a0a,", "\u00a0a"),
        ("1,NAB,", "NAB"),
    ],
)
def test_text_is_staged_unchanged(record: str, name: str) -> None:
    (row,) = outcome(THINGS, record.encode()).rows
    assert row == {"_waybill_chunk": 3, "_waybill_line": 1, "id": 1, "name": name, "at": None}


@pytest.mark.parametrize("written", ["", "NA", "\\N", " ", " NA ", "\t"])
def test_empty_fields_and_null_words_are_null(written: str) -> None:
    found = outcome(THINGS, f"1,a,{written}\n2,{written},\n".encode())
    assert found.rows[0]["at"] is None
    assert found.codes(2) == [("name", "required")]
    assert found.rejects[2]["values"] == {"id": "2", "name": None, "at": None}


def test_an_empty_quoted_field_is_null_where_there_is_no_empty_value() -> None:
    assert outcome(THINGS, b'1,a,""\n').rows[0]["at"] is None


def test_a_quoted_null_word_is_a_value() -> None:
    assert outcome(THINGS, b'1,a,"NA"\n').codes(1) == [("at", "invalid_timestamp")]


def test_blanks_are_kept_without_trim() -> None:
    things = THINGS.model_copy(update={"trim": False})
    found = outcome(things, b"1, a ,\n 2,b,\n")
    assert found.rows[0]["name"] == " a "
    assert found.codes(2) == [("id", "invalid_integer")]


def test_every_reason_is_reported_with_the_value() -> None:
    found = outcome(THINGS, b'x1,,2021-02-30T00:00:00Z\n"q""\n",ok,' + b"9" * 99)
    assert found.codes(1) == [
        ("id", "invalid_integer"),
        ("name", "required"),
        ("at", "invalid_timestamp"),
    ]
    first, second = found.rejects[1], found.rejects[2]
    assert first["errors"][0]["message"] == "expected a whole number, found 'x1'"
    assert first["raw"] == b"x1,,2021-02-30T00:00:00Z"
    assert second["errors"][0]["message"] == "expected a whole number, found 'q\"\n'"
    assert second["errors"][1]["message"].endswith(f"found '{'9' * 60}…'")
    assert second["values"] == {"id": 'q"\n', "name": "ok", "at": "9" * 99}


def test_malformed_records_are_rejected_with_their_code() -> None:
    data = b'1,a\n2,\0,\n3,\xff,\n4,a"b,\n"5,\n6,a,,\n\n7,b,\n'
    found = outcome(THINGS, data)
    assert {line: found.codes(line)[0][1] for line in found.rejects} == {
        1: "field_count",
        2: "nul_byte",
        3: "invalid_utf8",
        4: "quote_in_field",
        5: "unclosed_quote",
        6: "field_count",
    }
    assert found.rejects[1]["errors"][0]["message"] == "expected 3 fields, found 2"
    assert found.rejects[3]["raw"] == b"3,\xff,"
    assert [row["_waybill_line"] for row in found.rows] == [8]


def test_the_raw_record_is_staged_where_it_is_kept() -> None:
    things = THINGS.model_copy(update={"keeps_raw": True})
    found = outcome(things, '1,é,\r\n2,"a\r\nb",\r3,c,'.encode())
    assert [row["_waybill_raw"] for row in found.rows] == ["1,é,", '2,"a\r\nb",', "3,c,"]
    assert [row["_waybill_line"] for row in found.rows] == [1, 2, 4]


def test_columns_the_file_lacks_are_null() -> None:
    found = outcome(THINGS, b"a;1\n", columns=("name", "id"), delimiter=";")
    assert found.rows == [
        {"_waybill_chunk": 3, "_waybill_line": 1, "id": 1, "name": "a", "at": None}
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^", "\\", ".", " "])
def test_any_delimiter(delimiter: str) -> None:
    things = contract(column("a", "text"), column("b", "text"), trim=False)
    data = f'x{delimiter}y\n"{delimiter}"{delimiter}\n'.encode()
    found = outcome(things, data, delimiter=delimiter)
    assert [(row["a"], row["b"]) for row in found.rows] == [("x", "y"), (delimiter, None)]


def test_a_file_of_one_column() -> None:
    found = outcome(contract(column("a", "text")), b'x\n\n""\n \ny')
    assert [(row["_waybill_line"], row["a"]) for row in found.rows] == [
        (1, "x"),
        (3, ""),
        (4, None),
        (5, "y"),
    ]


@given(st.lists(st.one_of(st.none(), st.text()), max_size=5))
@settings(max_examples=200, deadline=None)
def test_json_objects_equal_those_of_the_json_module(texts: list[str | None]) -> None:
    column: Array = pa.array(texts, pa.string())
    written = json_objects([('n"ame', column), ("b", column)]).to_pylist()
    assert [json.loads(one) for one in written] == [{'n"ame': t, "b": t} for t in texts]
