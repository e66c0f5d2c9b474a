"""Parts of a stream have together the records of the whole, wherever they begin."""

import gzip
from itertools import pairwise

from waybill.records import reading
from waybill.records.block import Block
from waybill.records.layout import Layout
from waybill.records.reading import TextRange, read_part, read_records

LAYOUT = Layout(
    compression="gzip",
    encoding="utf-8",
    header=True,
    columns=("a", "b"),
    data_offset=4,
    first_line=2,
)
TEXT = b'a,b\n1,"x\ny"\r\n\r\n2,"st"ray\n3,\xff\n"4,\n5,"a""b"\n6,last'


def _records(blocks: list[Block]) -> list[tuple[bytes, int, int]]:
    return [
        (block.data[start:stop], int(line), int(fault))
        for block in blocks
        for start, stop, line, fault in zip(
            block.starts, block.stops, block.lines, block.faults, strict=True
        )
    ]


def test_a_stream_in_parts_has_the_records_of_the_whole() -> None:
    objects = [gzip.compress(TEXT)]
    whole = list(read_records(objects, LAYOUT, LAYOUT.first_line))
    places = [
        (int(at) + LAYOUT.data_offset, int(line))
        for block in whole
        for at, line in zip(*block.boundaries, strict=True)
    ]
    assert len(set(places)) > 5
    for place, line in places:
        first = read_part(objects, LAYOUT, LAYOUT.first_line, TextRange(LAYOUT.data_offset, place))
        second = read_part(objects, LAYOUT, line, TextRange(place))
        assert _records([*first, *second]) == _records(whole)
    ends = [*sorted(set(places)), (None, 0)]
    parts = [
        block
        for (begin, line), (end, _) in pairwise(ends)
        for block in read_part(objects, LAYOUT, line, TextRange(begin or 0, end))
    ]
    assert _records(parts) == _records(whole)


def test_the_text_before_a_part_shows_progress() -> None:
    size = 5 * reading.BLOCK_BYTES
    text = b"a,b\n" + b"1,2\n" * (size // 4)
    blocks = list(read_part([gzip.compress(text, 1)], LAYOUT, 2, TextRange(size)))
    assert sum(not block.record_count for block in blocks) >= 4
    assert sum(block.record_count for block in blocks) == 1
