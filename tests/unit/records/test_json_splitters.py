"""The JSON splitters, for any block and chunk size."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.records.reference import Seen
from tests.unit.records.test_splitter import seen_records, slices
from waybill.errors import Rejected
from waybill.records.chunking import chunk_ranges
from waybill.records.grammar import Fault
from waybill.records.json_array import JsonArraySplitter
from waybill.records.json_lines import JsonLinesSplitter
from waybill.records.layout import Layout
from waybill.records.reading import Splitter, splitter_for

ARRAY = Layout(file_format="json-array", header=False, columns=("a",), data_offset=1, first_line=1)
LINES = ARRAY.model_copy(update={"file_format": "json-lines", "data_offset": 0})

texts = st.text('"\\{}[],: \n\té', max_size=6)
values = st.recursive(
    texts | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
blanks = st.text(" \t\r\n", max_size=3)
hostile = st.lists(
    st.sampled_from([b'"', b"\\", b"\n", b"\r\n", b" ", b"{", b"}", b"a,", b"1", b"\r"]),
    max_size=50,
).map(b"".join)


def run(data: bytes, size: int, splitter: Splitter) -> list[Seen]:
    blocks = [block for part in slices(data, size) for block in splitter.feed(part)]
    return seen_records([*blocks, *splitter.finish()])


def lines_of(data: bytes, limit: int, raw_limit: int) -> list[Seen]:
    """A slow reference implementation."""
    seen = []
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line.strip(b" \t\r\n")
        if len(text) > limit:
            seen.append(Seen(number, text[:raw_limit], Fault.RECORD_TOO_LONG))
        elif text:
            seen.append(Seen(number, text, Fault.OK))
    return seen


@given(hostile, st.integers(1, 60))
@settings(max_examples=400, deadline=None)
def test_each_line_is_a_record_for_any_block_size(data: bytes, size: int) -> None:
    assert run(data, size, JsonLinesSplitter()) == lines_of(data, 1 << 24, 1 << 16)


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_an_overlong_line_is_one_reject(size: int) -> None:
    data = b"{}\n" + b"x" * 500 + b"\n{}\r\n" + b"y" * 51 + b"\n" + b"z" * 50 + b"\r\n"
    seen = run(data, size, JsonLinesSplitter(limit=50, raw_limit=9))
    assert seen == lines_of(data, 50, 9)
    assert [one.line for one in seen] == [1, 2, 3, 4, 5]


@given(st.lists(st.tuples(blanks, values, blanks), max_size=8), st.integers(1, 60))
@settings(max_examples=400, deadline=None)
@example([("", '\\"', ""), ("", "\\\\", "")], 1)
def test_each_element_is_a_record_for_any_block_size(
    elements: list[tuple[str, object, str]], size: int
) -> None:
    written = [json.dumps(value, ensure_ascii=False).encode() for _, value, _ in elements]
    parts = [
        before.encode() + text + after.encode()
        for (before, _, after), text in zip(elements, written, strict=True)
    ]
    data = b",".join(parts) + b"] \n"
    splitter = JsonArraySplitter()
    assert run(data, size, splitter) == [Seen(n, t, Fault.OK) for n, t in enumerate(written, 1)]
    assert splitter.consumed == len(data)


@given(st.lists(values, max_size=12), st.integers(1, 60), st.integers(1, 80))
@settings(max_examples=300, deadline=None)
def test_json_chunks_together_contain_the_records_of_the_file(
    elements: list[object], size: int, chunk: int
) -> None:
    written = [json.dumps(value).encode() for value in elements]
    for layout, data in (
        (ARRAY, b"[" + b", ".join(written) + b"]\n"),
        (LINES, b"\n".join(written) + b"\n"),
    ):
        begin = layout.data_offset
        seen, reached = [], begin
        for start, stop, line in chunk_ranges(slices(data[begin:], size), layout, chunk):
            assert start == reached
            reached = stop
            splitter = splitter_for(layout, line, last=stop == len(data))
            seen += run(data[start:stop], size, splitter)
        assert seen == [Seen(n, text, Fault.OK) for n, text in enumerate(written, 1)]
        assert reached == len(data)


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize(
    "data",
    [b"", b"1", b"1, ", b"1,,2]", b",1]", b"1,]", b"1] x", b"1]]", b'"]', b"{]", b"1}", b"[1}, 2"],
)
def test_a_malformed_array_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(Rejected, match="broken-json"):
        run(data, size, JsonArraySplitter())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_overlong_element_is_one_reject(size: int) -> None:
    data = b'{"a": 1}, "' + b"x" * 300 + b'", 7, ' + b" " * 90 + b'"' + b"y" * 48 + b'"]'
    seen = run(data, size, JsonArraySplitter(limit=50, raw_limit=5))
    assert seen == [
        Seen(1, b'{"a": 1}', Fault.OK),
        Seen(2, b'"xxxx', Fault.RECORD_TOO_LONG),
        Seen(3, b"7", Fault.OK),
        Seen(4, b'"' + b"y" * 48 + b'"', Fault.OK),
    ]


def test_an_endless_element_is_not_buffered() -> None:
    splitter = JsonArraySplitter(limit=1000)
    for _ in range(50):
        assert not list(splitter.feed(b"x" * 1000))
    assert splitter.buffered == 50_000
    (block,) = splitter.feed(b"]")
    assert len(block.data) < 3000
