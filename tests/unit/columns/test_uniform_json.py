"""Records that are alike are read as columns: with the same result as one by one."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from waybill.columns import uniform_json
from waybill.columns.json_records import JsonReader
from waybill.columns.uniform_json import read_uniform
from waybill.contract.model import Contract
from waybill.records.json_lines import JsonLinesSplitter
from waybill.records.layout import Layout

WARDS = contract(
    column("id", "int8", nullable=False),
    column("ward", "text"),
    column("price", "numeric"),
    column("open", "bool"),
    column("beds", "_int4"),
    aliases={"name": "ward"},
)
IGNORING = WARDS.model_copy(update={"drift": "ignore"})
# Like the first record, nearly like it, or not JSON at all.
ODD = r"""
{"id":1,"ward":"a","price":1}
{"ward":"a","id":1,"price":1,"open":true}
{"id":1,"ward":"a\"b","price":1,"open":true}
{"id":1,"ward":"\u0000","price":1,"open":true}
{"id":01,"ward":"a","price":1,"open":true}
{"id":1,"ward":"a","price":1.,"open":true}
{"id":1,"ward":"a","price":nul,"open":true}
{"id":1,"ward":"a","price":,"open":true}
{"id":1,"ward":"a","price":[1],"open":true}
{"id":1,"ward":"a","price":{"a":1},"open":true}
{"id":1,"ward":"a","price":1,"open":true,}
{"id":1,"ward":"a","price":1,"open":true}}
{"id":1,"ward":"a"b"c","price":1,"open":true}
{"id":1,"ward":x"a","price":1,"open":true}
{"id":1,"ward":"a","price":1,"open":true} x
[{"id":1,"ward":"a","price":1,"open":true}
{"id": 1, "ward": "a", "price": 1, "open": true}
{ "id":1,"ward":"a","price":1,"open":true }
{"id" :1,"ward":"a","price":1,"open":true}
{"id":1 ,"ward":"a","price":1,"open":true}
{"id":1,"ward":"a	b","price":1,"open":true}
{"ID":1,"ward":"a","price":1,"open":true}
{"id":1,"id":1,"price":1,"open":true}
{"id":1,"ward":"a","price":True,"open":true}
{"id":1,"ward":"{,}:[","price":-0.5e+3,"open":false}
{"id":"1","ward":"","price":"","open":"f"}
{"id":1,"ward":null,"price":null,"open":null}
{"id":1;"ward":"a","price":1,"open":true}
{"id":1,"ward":"a","price":- 1,"open":true}
{"id":1,"ward":"a","price":+1,"open":true}
{"id":1,"ward":"café 🚚","price":1,"open":true}
{
7
"a"
""".splitlines()


def read(things: Contract, text: bytes) -> dict[str, Any]:
    """Everything that the reader says of the records of the text."""
    names = tuple(each.name for each in things.columns)
    layout = Layout(file_format="json-lines", header=False, columns=names, data_offset=0,
                    first_line=1)  # fmt: skip
    reader = JsonReader(things, layout)
    splitter = JsonLinesSplitter()
    blocks = [*splitter.feed(text), *splitter.finish()]
    found = [reader.read(block) for block in blocks]
    return {
        "valid": [each.valid.tolist() for each in found],
        "texts": [[texts.to_pylist() for texts in each.texts] for each in found],
        "malformed": [[batch.to_pylist() for batch in each.malformed] for each in found],
        "absent": [each.absent and each.absent.names().to_pylist() for each in found],
        "drift": reader.drift and reader.drift.found,
    }


def both(monkeypatch: pytest.MonkeyPatch, things: Contract, text: bytes) -> tuple[Any, Any]:
    """The same text, read as columns and one by one."""
    monkeypatch.setattr(uniform_json, "_LEAST_RECORDS", 1)
    columnar = read(things, text)
    monkeypatch.setattr(uniform_json, "_LEAST_RECORDS", 10**9)
    return columnar, read(things, text)


def wards(count: int) -> list[str]:
    return [f'{{"id":{n},"ward":"Ward {n}","price":{n}.50,"open":true}}' for n in range(count)]


def uniform_records(text: bytes) -> list[int]:
    (block,) = JsonLinesSplitter().feed(text)
    found = read_uniform(block)
    return [] if found is None else found.indices.tolist()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("things", [WARDS, IGNORING])
def test_a_record_among_others_is_read_as_it_is_alone(
    monkeypatch: pytest.MonkeyPatch, things: Contract, odd: str
) -> None:
    lines = [*wards(10), odd, *wards(10), odd, odd]
    columnar, each = both(monkeypatch, things, "\n".join(lines).encode())
    assert columnar == each


@pytest.mark.parametrize("first", ODD)
def test_a_block_may_begin_with_any_record(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    text = "\n".join([first, *wards(20), *(8 * [first])]).encode()
    columnar, each = both(monkeypatch, WARDS, text)
    assert columnar == each


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8),
    st.lists(st.integers(), max_size=2),
)  # fmt: skip
RECORDS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"id": VALUES, "name": VALUES, "price": VALUES}),
        st.fixed_dictionaries({"id": st.integers(), "name": st.text(), "price": st.integers()}),
        st.dictionaries(st.sampled_from(["id", "name", "price", "open", "other"]), VALUES),
    ),
    min_size=8,
    max_size=30,
)


@given(records=RECORDS, is_ascii=st.booleans(), is_compact=st.booleans(), is_kept=st.booleans())
def test_any_records_are_read_alike(
    records: list[dict[str, Any]], is_ascii: bool, is_compact: bool, is_kept: bool
) -> None:
    between = (",", ":") if is_compact else (", ", ": ")
    text = "\n".join(
        json.dumps(record, ensure_ascii=is_ascii, separators=between) for record in records
    ).encode("utf-8", "surrogatepass")
    with pytest.MonkeyPatch.context() as patch:
        columnar, each = both(patch, WARDS if is_kept else IGNORING, text)
    assert columnar == each


def test_nearly_all_records_of_a_program_are_read_as_columns() -> None:
    lines = [*wards(600), ODD[2], *wards(10)]
    assert uniform_records("\n".join([*lines, ""]).encode()) == [*range(600), *range(601, 611)]


def test_bytes_that_are_no_text_are_left_to_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "\n".join(wards(20)).encode().replace(b"Ward 7", b"Ward \xff")
    columnar, each = both(monkeypatch, WARDS, text)
    assert columnar == each
    assert columnar["malformed"][0][0][0]["line"] == 8


def test_records_that_differ_are_left_to_the_parser() -> None:
    lines = [json.dumps({"id": n, f"field_{n}": 1}) for n in range(600)]
    assert uniform_records("\n".join([*lines, ""]).encode()) == []


def test_a_block_of_marks_is_left_to_the_parser() -> None:
    text = b'{"a":1}\n' * 600 + b'{"a":"' + b"," * (3 * 1024 * 1024) + b'"}\n'
    assert uniform_records(text) == []
    assert np.count_nonzero(np.frombuffer(text, np.uint8) == 0x2C) > 3_000_000
