"""The CSV splitter against a slow reference implementation and Python's csv module."""

import csv
import io
from collections.abc import Iterable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.unit.records import reference
from tests.unit.records.dialects import hostile_texts
from tests.unit.records.reference import STANDARD
from waybill.records.block import Block
from waybill.records.grammar import Fault
from waybill.records.marks import Marks
from waybill.records.splitter import RecordSplitter, split


def slices(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def seen_records(blocks: Iterable[Block]) -> list[reference.Seen]:
    return [
        reference.Seen(line, block.data[start:stop], Fault(fault))
        for block in blocks
        for start, stop, line, fault in zip(
            block.starts.tolist(),
            block.stops.tolist(),
            block.lines.tolist(),
            block.faults.tolist(),
            strict=True,
        )
    ]


@given(hostile_texts, st.integers(1, 70), st.integers(1, 90), st.integers(1, 9), st.integers(0, 20))
@settings(max_examples=4000, deadline=None)
@example((STANDARD, b'a"\n"b\n"c\n'), 3, 90, 5, 99)
@example((STANDARD, b'"a\r'), 1, 90, 5, 0)
@example((STANDARD, b"aaaaaa\r\nb\r"), 3, 4, 2, 99)
def test_splits_like_the_reference_for_any_block_size(
    text: tuple[Marks, bytes], size: int, limit: int, raw_limit: int, long: int
) -> None:
    marks, data = text
    raw_limit = min(raw_limit, limit)
    splitter = RecordSplitter(marks, limit=limit, raw_limit=raw_limit, long_record=long)

    seen = seen_records(split(slices(data, size), splitter))

    assert seen == reference.read(data, marks, limit=limit, raw_limit=raw_limit)
    assert splitter.consumed == len(data)


@given(
    st.lists(st.lists(st.text('a",\n\ré ', max_size=6), min_size=2, max_size=3), max_size=8),
    st.integers(1, 50),
)
@settings(max_examples=300, deadline=None)
def test_splits_what_csv_writer_wrote(rows: list[list[str]], size: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows(rows)

    seen = seen_records(split(slices(out.getvalue().encode(), size), RecordSplitter(STANDARD)))

    assert [s.fault for s in seen] == [Fault.OK] * len(rows)
    parsed = [next(csv.reader(io.StringIO(s.raw.decode(), newline=""))) for s in seen]
    assert parsed == rows


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"a,b\n\n\nc,d", [(1, b"a,b", Fault.OK), (4, b"c,d", Fault.OK)]),
        (b'x,"a\nb"\r\ny,c\r', [(1, b'x,"a\nb"', Fault.OK), (3, b"y,c", Fault.OK)]),
        (b'a,b"c\nd,e', [(1, b'a,b"c', Fault.QUOTE_IN_FIELD), (2, b"d,e", Fault.OK)]),
        (b'a, "b"\n', [(1, b'a, "b"', Fault.QUOTE_IN_FIELD)]),
        (b'a,"b" \n', [(1, b'a,"b" ', Fault.QUOTE_IN_FIELD)]),
        (
            b'a,"b\nc,d\ne,"f"\n',
            [
                (1, b'a,"b', Fault.UNCLOSED_QUOTE),
                (2, b"c,d", Fault.OK),
                (3, b'e,"f"', Fault.OK),
            ],
        ),
        (b" \n", [(1, b" ", Fault.OK)]),
    ],
)
def test_splits_records_with_lines_and_faults(
    data: bytes, expected: list[tuple[int, bytes, Fault]]
) -> None:
    assert seen_records(split([data], RecordSplitter(STANDARD))) == [
        reference.Seen(*one) for one in expected
    ]


def test_an_endless_line_is_not_buffered() -> None:
    splitter = RecordSplitter(STANDARD)

    blocks = list(split((b"x" * 4_000_000 for _ in range(12)), splitter))

    assert [seen.fault for seen in seen_records(blocks)] == [Fault.RECORD_TOO_LONG]
    assert sum(len(block.data) for block in blocks) == 65_536
    assert splitter.buffered == 0
