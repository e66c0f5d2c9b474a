"""Chunks begin where records begin, for any chunk and block size."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.records import reference
from tests.unit.records.dialects import hostile_texts
from tests.unit.records.test_splitter import seen_records, slices
from waybill.records.chunking import chunk_ranges
from waybill.records.layout import Layout
from waybill.records.marks import Marks
from waybill.records.splitter import RecordSplitter, split

LAYOUT = Layout(header=True, columns=("a",), data_offset=7, first_line=1)


@given(hostile_texts, st.integers(1, 70), st.integers(1, 80), st.integers(4, 90))
@settings(max_examples=6000, deadline=None)
def test_chunks_together_contain_the_records_of_the_file(
    text: tuple[Marks, bytes], size: int, chunk: int, limit: int
) -> None:
    marks, data = text
    ranges = list(
        chunk_ranges(
            slices(data, size), LAYOUT, chunk, RecordSplitter(marks, limit=limit, raw_limit=3)
        )
    )

    seen = []
    for begin, end, line in ranges:
        part = data[begin - 7 : end - 7]
        seen += seen_records(
            split([part], RecordSplitter(marks, first_line=line, limit=limit, raw_limit=3))
        )
    assert seen == reference.read(data, marks, limit=limit, raw_limit=3)
    assert [r.byte_from for r in ranges] == [7, *(r.byte_to for r in ranges)][: len(ranges)]
    assert (ranges[-1].byte_to if ranges else 7) == len(data) + 7
    assert all(r.byte_to - r.byte_from >= chunk for r in ranges[:-1])


@given(hostile_texts, st.integers(1, 70), st.integers(1, 80))
@settings(max_examples=600, deadline=None)
def test_chunks_do_not_depend_on_block_size(
    text: tuple[Marks, bytes], size: int, chunk: int
) -> None:
    marks, data = text
    layout = LAYOUT.model_copy(
        update={"quote": marks.quote, "escape": marks.escape, "escape_codes": marks.has_codes}
    )
    assert list(chunk_ranges(slices(data, size), layout, chunk)) == list(
        chunk_ranges([data], layout, chunk)
    )
