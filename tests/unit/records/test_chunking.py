"""Chunks begin where records begin, for any chunk and block size."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.records import reference
from tests.unit.records.test_splitter import hostile, seen_records, slices
from waybill.records.chunking import chunk_ranges
from waybill.records.layout import Layout
from waybill.records.splitter import RecordSplitter, split

LAYOUT = Layout(header=True, columns=("a",), data_offset=7, first_line=1)


@given(hostile, st.integers(1, 70), st.integers(1, 80), st.integers(4, 90))
@settings(max_examples=1500, deadline=None)
def test_chunks_together_contain_the_records_of_the_file(
    data: bytes, size: int, chunk: int, limit: int
) -> None:
    ranges = list(
        chunk_ranges(
            slices(data, size), LAYOUT, chunk, RecordSplitter(",", limit=limit, raw_limit=3)
        )
    )

    seen = []
    for begin, end, line in ranges:
        part = data[begin - 7 : end - 7]
        seen += seen_records(
            split([part], RecordSplitter(",", first_line=line, limit=limit, raw_limit=3))
        )
    assert seen == reference.read(data, limit=limit, raw_limit=3)
    assert [r.byte_from for r in ranges] == [7, *(r.byte_to for r in ranges)][: len(ranges)]
    assert (ranges[-1].byte_to if ranges else 7) == len(data) + 7
    assert all(r.byte_to - r.byte_from >= chunk for r in ranges[:-1])


@given(hostile, st.integers(1, 70), st.integers(1, 80))
@settings(max_examples=300, deadline=None)
def test_chunks_do_not_depend_on_block_size(data: bytes, size: int, chunk: int) -> None:
    assert list(chunk_ranges(slices(data, size), LAYOUT, chunk)) == list(
        chunk_ranges([data], LAYOUT, chunk)
    )
