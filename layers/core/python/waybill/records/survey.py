"""Find where the chunks of an object begin without reading it from its beginning.

The object is divided into ranges of about the same size. A chunk begins at the first record
boundary in its range, which depends on what is left of it: a line may be part of a quoted field.
So a range is read for each place where its first record may begin, of which there are two: the
first line, if it is outside quotes, and the end of the quoted field that it is in. Reading goes on
to the first boundary behind the range, where the next chunk begins.

Once it is known where a chunk begins, its survey tells where the next one does. If that is none of
the places, as in a field of megabytes, the range is surveyed again from there. So each boundary
comes from the one before it by the reader that loads the records, and the places are only guesses.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import NamedTuple

import numpy as np

from waybill.records.block import Block, Positions
from waybill.records.escapes import shadow
from waybill.records.grammar import Fault
from waybill.records.layout import Layout
from waybill.records.lines import line_end_from
from waybill.records.ranges import ChunkSurvey
from waybill.records.reading import Splitter, splitter_for

# How far a quoted field at the beginning of a range is followed, and one of two readings alone.
_PATIENCE_BYTES = 1024 * 1024


class SurveyedRange(NamedTuple):
    """The range [byte_from, byte_to) of an object, and the chunk's first byte if it is known."""

    byte_from: int
    byte_to: int
    start: int | None = None

    @property
    def read_from(self) -> int:
        """First byte to read: the one before the range tells whether a line begins with it."""
        return self.byte_from - 1 if self.start is None else self.start


def survey_range(
    blocks: Iterable[bytes],
    layout: Layout,
    part: SurveyedRange,
    splitter: Callable[[], Splitter] | None = None,
) -> list[ChunkSurvey]:
    """Survey a range of an object for the places where its first record may begin.

    `blocks` are the object's bytes from `part.read_from` to the end, read only as far as needed.
    """
    stream, start = iter(blocks), part.start
    splitter = splitter or partial(splitter_for, layout, 0)
    if start is not None:
        return _read(stream, [_Reading(splitter(), start, part.byte_to)])
    start, stream = _first_line(stream, layout, part.read_from, part.byte_to)
    if start >= part.byte_to:
        return []
    readings = [_Reading(splitter(), start, part.byte_to)]
    if layout.file_format == "csv" and layout.quote is not None:
        quote = layout.quote.encode()
        readings.append(_QuotedReading(splitter(), start, part.byte_to, quote))
    return _read(stream, readings)


def _first_line(
    stream: Iterator[bytes], layout: Layout, position: int, limit: int
) -> tuple[int, Iterator[bytes]]:
    """The start of the first line that begins after `position`, and the bytes from there."""
    rest = b""
    for data in stream:
        rest += data
        end = _line_start(rest, layout)
        if end is not None:
            return position + end, chain([rest[end:]], stream)
        # What follows a CR or an escape, or both, tells what they are.
        kept = max(len(rest) - 2, 0)
        position, rest = position + kept, rest[kept:]
        if position >= limit:
            break
    return max(position, limit), iter(())


def _line_start(data: bytes, layout: Layout) -> int | None:
    if layout.file_format != "csv":
        return data.find(b"\n") + 1 or None
    # If the data begin with several escapes, it is a guess what they escape.
    stop, end = line_end_from(shadow(data, layout.marks), 0) or (0, 0)
    is_open = data[stop:] == b"\r"
    return None if is_open or not end else end


def _read(stream: Iterator[bytes], readings: list["_Reading"]) -> list[ChunkSurvey]:
    """Read on until each reading has reached its end, or is given up."""
    alone = 0
    for data in stream:
        for reading in readings:
            reading.feed(data, can_skip=len(readings) == 1)
        readings = _joined([each for each in readings if each.is_possible])
        alone += len(data) if any(each.is_done for each in readings) else 0
        if all(each.is_done for each in readings) or alone > _PATIENCE_BYTES:
            break
    else:
        for reading in readings:
            reading.finish()
    return [survey for each in readings if each.is_possible for survey in each.surveys()]


def _joined(readings: list["_Reading"]) -> list["_Reading"]:
    """One reading of two that have reached the same boundary: from there on they are the same."""
    if len(readings) < 2:
        return readings
    one, other = readings
    if other.start is None or not one.meets(other):
        return readings
    one.follow(other)
    return [one]


class _Reading:
    """Reads from a place where a record begins to the first boundary at or behind a target."""

    def __init__(self, splitter: Splitter, start: int, target: int) -> None:
        self._splitter = splitter
        self._base = start
        self._target = target
        self._followers: list[tuple[int, int]] = []
        self._end: tuple[int, int] | None = None
        self.start: int | None = start
        """None while it is not known."""
        self.start_line = 0
        self.recent: Positions = np.zeros(0, np.int64)
        """Boundaries in the bytes that were read last."""
        self.is_possible = True

    @property
    def is_done(self) -> bool:
        return self._end is not None

    def feed(self, data: bytes, *, can_skip: bool) -> None:
        """Read on; with `can_skip` boundaries before the target are not needed."""
        splitter = self._splitter
        if self.is_done:
            return
        reached = self._base + splitter.consumed + splitter.buffered + len(data)
        if can_skip and reached < self._target and splitter.skip(data):
            return
        self._take(splitter.feed(data))

    def finish(self) -> None:
        """The object ends here, and so does the chunk."""
        if not self.is_done:
            self._take(self._splitter.finish())
        if not self.is_done:
            self._end = self._base + self._splitter.consumed, self._splitter.line

    def meets(self, other: "_Reading") -> bool:
        """Whether both have just reached the same boundary before the target."""
        shared = np.intersect1d(self.recent, other.recent)
        return bool((shared < self._target).any())

    def follow(self, other: "_Reading") -> None:
        """Stand for the other reading, too."""
        assert other.start is not None  # noqa: S101 - it has reached a boundary
        self._followers.append((other.start, other.start_line))

    def surveys(self) -> Iterator[ChunkSurvey]:
        """From each place that this reading stands for."""
        if self._end is None or self.start is None:
            return
        end, line = self._end
        for start, start_line in [(self.start, self.start_line), *self._followers]:
            if start <= end:
                yield ChunkSurvey(start, end, line - start_line)

    def _take(self, blocks: Iterator[Block]) -> None:
        found = []
        for block in blocks:
            positions, lines = block.boundaries
            positions = positions + self._base
            self._see(block, positions)
            found.append(positions)
            at = int(np.searchsorted(positions, self._target))
            if at < len(positions) and self._end is None and self.start is not None:
                self._end = int(positions[at]), int(lines[at])
        self.recent = np.concatenate(found) if found else self.recent[:0]

    def _see(self, block: Block, positions: Positions) -> None:
        """For readings that do not know yet where their first record begins."""


class _QuotedReading(_Reading):
    """Reads from a place within a quoted field to its end, and on from there."""

    def __init__(self, splitter: Splitter, place: int, target: int, quote: bytes) -> None:
        super().__init__(splitter, place - len(quote), target)
        self._quote = quote
        self._place = place
        self.start = None
        self._has_begun = False
        self._followed = 0

    def feed(self, data: bytes, *, can_skip: bool) -> None:
        begin = b"" if self._has_begun else self._quote
        self._has_begun = True
        super().feed(begin + data, can_skip=can_skip)
        self._followed += len(data)
        if self.start is None and self._followed > _PATIENCE_BYTES:
            self.is_possible = False

    def _see(self, block: Block, positions: Positions) -> None:
        if self.start is not None or not self.is_possible:
            return
        if block.record_count and block.faults[0] != Fault.OK:
            # A quote that does not close the field where it must.
            self.is_possible = False
            return
        after = np.flatnonzero(positions > self._place)
        if len(after):
            self.start = int(positions[after[0]])
            self.start_line = int(block.boundaries.lines[after[0]])
