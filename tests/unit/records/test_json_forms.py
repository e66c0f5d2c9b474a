"""JSON over several lines is read or refused, never loaded in part."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import read_file
from tests.unit.records.test_json_splitters import run, values
from tests.unit.records.test_splitter import slices
from waybill.contract.model import Contract
from waybill.errors import Rejected
from waybill.records.chunking import chunk_ranges
from waybill.records.grammar import Fault
from waybill.records.json_objects import JsonObjectsSplitter
from waybill.records.layout import Layout

THINGS = contract(column("id", "int8", nullable=False), column("note", "jsonb"))
DOCUMENTS = contract(column("payload", "jsonb", nullable=False), document="payload")
WORDS = contract(column("a", "text"), column("b", "text"), column("c", "text"))
LAYOUT = Layout(
    file_format="json-objects", header=False, columns=("a",), data_offset=0, first_line=1
)
objects = st.lists(st.dictionaries(st.text(max_size=3), values, max_size=3), max_size=6)


@given(objects, st.sampled_from([None, 1]), st.sampled_from(["", "\n", " \r\n\n"]), st.data())
@settings(max_examples=300, deadline=None)
def test_objects_are_split_for_any_block_and_chunk_size(
    records: list[object], indent: int | None, between: str, data: st.DataObject
) -> None:
    texts = [json.dumps(record, indent=indent) for record in records]
    text = between + between.join(texts) + between
    size, chunk = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 80))

    seen = run(text.encode(), size, JsonObjectsSplitter())
    assert [(one.line, one.raw.decode()) for one in seen] == list(enumerate(texts, 1))
    parts = []
    for begin, end, line in chunk_ranges(slices(text.encode(), size), LAYOUT, chunk):
        parts += run(text.encode()[begin:end], size, JsonObjectsSplitter(first_line=line))
    assert parts == seen


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_overlong_object_is_one_reject(size: int) -> None:
    data = b'{"a":\n"' + b"x" * 90 + b'\n"}\n{"b": 1}\n'
    seen = run(data, size, JsonObjectsSplitter(limit=50, raw_limit=9))
    assert [(one.line, one.fault) for one in seen] == [(1, Fault.RECORD_TOO_LONG), (2, Fault.OK)]
    assert seen[0].raw == data[:9]


@pytest.mark.parametrize(
    "data",
    [
        b'{\n "id": 1,\n "note": {"id": 3}\n}\n{"id": 2}\n',
        b'{"id": 1}{"id": 2}',
        b'{\n"id": 1\n} {\n"id": 2\n}',
        b'[\n {\n "id": 1\n },\n {\n "id": 2\n }\n]\n',
        b'{"id": 1}\n{"id": 2}\n',
    ],
)
def test_every_form_of_objects_is_read(data: bytes) -> None:
    file = read_file(THINGS, data)
    assert ([row["id"] for row in file.rows], file.rejects) == ([1, 2], {})


@pytest.mark.parametrize(
    "data",
    [b'{\n "id": 1\n}\n{\n "id": 2\n', b'{\n "id": 1\n}}\n', b'{"id":\n'],
)
def test_objects_that_do_not_end_fail_the_file(data: bytes) -> None:
    with pytest.raises(Rejected, match="broken-json"):
        read_file(THINGS, data)


def test_a_malformed_line_of_json_lines_is_one_reject() -> None:
    file = read_file(THINGS, b'{"id": 1\n{"id": 2}\n{"id": 3}\n')
    assert ([row["id"] for row in file.rows], list(file.rejects)) == ([2, 3], [1])


@pytest.mark.parametrize(
    "data",
    [
        b'{\n "data": [\n {"id": 10},\n {"id": 11}\n ]\n}',
        b'{"data": [{"id": 10}, {"id": 11}]}\n',
        b'{"data": [' + b'{"id": 10},' * 200_000 + b"{}]}",
    ],
)
def test_records_inside_another_object_are_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"unknown-columns.*'data'"):
        read_file(THINGS, data)


@pytest.mark.parametrize("things", [THINGS, DOCUMENTS, WORDS])
@pytest.mark.parametrize(
    "data",
    [
        b"[1, 2, 3]",
        b"[1\n,2]",
        b"[1",
        b"['a', 'b']\n",
        b"{'id': 1}\n",
        b"[[1, 2], [3]]",
        b"[" * 9999,
    ],
)
def test_json_that_is_not_objects_is_refused(things: Contract, data: bytes) -> None:
    with pytest.raises(Rejected, match="broken-json"):
        read_file(things, data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"null\n", "empty-file"),
        (b"a,b\n", "empty-file"),
        (b"Title\na,b\n1,2\n3,4\n", "missing-header"),
        (b"a,b;c\n1,2;3\n", "ambiguous-delimiter"),
    ],
)
def test_csv_without_a_proper_header_gives_no_documents(data: bytes, code: str) -> None:
    with pytest.raises(Rejected, match=code):
        read_file(DOCUMENTS, data)
