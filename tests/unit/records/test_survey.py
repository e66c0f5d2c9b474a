"""Chunks of surveyed ranges are those of a reader from the beginning, wherever the ranges end."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.records import reference
from tests.unit.records.dialects import DIALECTS, hostile_texts
from tests.unit.records.test_splitter import seen_records, slices
from waybill.records import survey
from waybill.records.chunking import ChunkRange
from waybill.records.json_lines import JsonLinesSplitter
from waybill.records.layout import Layout
from waybill.records.marks import Marks
from waybill.records.reading import Splitter
from waybill.records.splitter import RecordSplitter, split
from waybill.records.survey import SurveyedRange, survey_range

CSV = Layout(header=False, columns=("a", "b"), data_offset=0, first_line=1)
JSON_LINES = CSV.model_copy(update={"file_format": "json-lines"})
# Quoted line endings of each kind, escaped quotes, stray quotes, blank and ragged lines, a quote
# that is never closed, a field that looks like records, and no line ending at the end.
ODD = (
    b'1,a\n2,"b, ""c"""\r\n3,"line\nline\r\nline\rline"\n\n4,"",""\n5,x"y\n6,"z"z\n"7",""""\r8\r\n'
    b'9,"open\n10,k,l,m\n11,"1,2\n3,4\n"\n12,"\n"\n13,"""\n"""\r\r\n14,"q"\n"15,x\n16,"y'
)
# Escaped line endings of each kind, quotes and delimiters, in and outside quotes; escapes in a row,
# before a line ending that is none the less one, and at the end; fields of several lines.
ESCAPED = (
    b'1,a\\\n2,b\\\\\n\\\r\n3,"c\\"\nd\\\\"\n4,\\"e\\\r\\\n\n5,f\\,g,\\N\n"6\\\n7",h\n8,"i\n9"\\,\n10,"\n'
    b'11,j\\\\\\\r\n12,k\\\\\r\n13,"\\\n""\\\n"\n14,"l\\'
)
JSON = b'{"a": 1}\n\n{"a": "\\n\r"}\r\n[1]\n{"b": "long long"}\n \n{"a": 3}'


class Ranges:
    """Surveys the ranges between cuts of a file, and divides it as the database does."""

    def __init__(self, data: bytes, layout: Layout, limit: int = 1 << 24, size: int = 7) -> None:
        self._data, self._layout, self._size = data, layout, size
        self.splitter: Callable[..., Splitter] = (
            partial(JsonLinesSplitter, first_line=0)
            if layout.file_format == "json-lines"
            else partial(RecordSplitter, layout.marks, first_line=0, limit=limit, raw_limit=3)
        )
        self.again = 0
        # Pairs of cuts share most of their ranges, and nearly all of their chunks.
        self.survey = cache(self._survey)
        self._seen = cache(self._read)

    def _survey(self, part: SurveyedRange) -> dict[int, tuple[int, int]]:
        blocks = slices(self._data[part.read_from :], self._size)
        found = survey_range(blocks, self._layout, part, self.splitter)
        return {start: (end, lines) for start, end, lines in found}

    def chunks(self, cuts: Sequence[int]) -> Iterator[ChunkRange]:
        ends = [0, *cuts, len(self._data)]
        start, line = 0, 1
        for byte_from, byte_to in pairwise(ends):
            if start >= byte_to:
                yield ChunkRange(start, start, line)
                continue
            surveyed = self.survey(SurveyedRange(byte_from, byte_to, None if byte_from else 0))
            if start not in surveyed:
                self.again += 1
                surveyed = self.survey(SurveyedRange(byte_from, byte_to, start))
            end, lines = surveyed[start]
            yield ChunkRange(start, end, line)
            start, line = end, line + lines

    def records(self, cuts: Sequence[int]) -> list[reference.Seen]:
        return [seen for chunk in self.chunks(cuts) for seen in self._seen(chunk)]

    def _read(self, chunk: ChunkRange) -> list[reference.Seen]:
        begin, end, line = chunk
        splitter = self.splitter(first_line=line)
        return seen_records(split([self._data[begin:end]], splitter))  # type: ignore[arg-type]


def layout_of(marks: Marks) -> Layout:
    return CSV.model_copy(
        update={"quote": marks.quote, "escape": marks.escape, "escape_codes": marks.has_codes}
    )


def in_dialect(data: bytes, marks: Marks) -> bytes:
    """The data of the standard dialect with backslashes, with these marks in their place."""
    return data.translate(
        bytes.maketrans(b'"\\', f"{marks.quote or '~'}{marks.escape or '~'}".encode())
    )


MARKS = list(DIALECTS.values())
ONCE = [(in_dialect(data, marks), layout_of(marks)) for data in (ODD, ESCAPED) for marks in MARKS]
TWICE = [
    (ODD, CSV),
    *((in_dialect(ESCAPED, marks), layout_of(marks)) for marks in MARKS[3:6]),
    (JSON, JSON_LINES),
]


@pytest.mark.parametrize(("data", "layout"), [*ONCE, (JSON, JSON_LINES)])
def test_a_file_cut_at_every_byte_has_the_same_records(data: bytes, layout: Layout) -> None:
    ranges = Ranges(data, layout)
    whole = ranges.records([])
    if layout.file_format == "csv":
        assert whole == reference.read(data, layout.marks, raw_limit=3)
    for place in range(1, len(data)):
        assert ranges.records([place]) == whole, place


@pytest.mark.parametrize(("data", "layout"), TWICE)
def test_a_file_cut_at_any_two_bytes_has_the_same_records(data: bytes, layout: Layout) -> None:
    ranges = Ranges(data, layout, size=64)
    whole = ranges.records([])
    for places in combinations(range(1, len(data)), 2):
        assert ranges.records(places) == whole, places


@given(hostile_texts, st.data(), st.integers(1, 70), st.integers(4, 90))
@settings(max_examples=3000, deadline=None)
def test_any_file_cut_anywhere_has_the_same_records(
    text: tuple[Marks, bytes], draw: st.DataObject, size: int, limit: int
) -> None:
    marks, data = text
    places = st.integers(1, max(len(data) - 1, 1))
    cuts = sorted(draw.draw(st.sets(places, max_size=4))) if len(data) > 1 else []
    ranges = Ranges(data, layout_of(marks), limit, size)
    assert ranges.records(cuts) == reference.read(data, marks, limit=limit, raw_limit=3)


def test_both_places_are_surveyed_at_once() -> None:
    ranges = Ranges(ODD, CSV, size=1 << 20)
    for cut in range(1, len(ODD)):
        list(ranges.chunks([cut]))
    assert ranges.again == 0
    # The second line of the quoted field on line 3 may also be a record.
    begin = ODD.index(b"line\nline") + 5
    assert len(ranges.survey(SurveyedRange(begin, begin + 30))) == 2


def test_a_wrong_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "_PATIENCE_BYTES", 100)
    data = b"1,a\n" * 500 + b'2,"' + b"x,y\n" * 500 + b'"\n' + b"3,b\n" * 500
    ranges = Ranges(data, CSV, size=50)
    boundaries = [*range(0, 2000, 4), *range(4005, 6006, 4)]
    for cut in (1000, 2500, 4001, 5000):
        _, middle, last = ranges.chunks([cut, cut + 300])
        assert middle.byte_from == next(at for at in boundaries if at >= cut)
        assert last == ChunkRange(
            next(at for at in boundaries if at >= cut + 300), len(data), last.first_line
        )
        assert last.first_line == data[: last.byte_from].count(b"\n") + 1
    assert ranges.again
