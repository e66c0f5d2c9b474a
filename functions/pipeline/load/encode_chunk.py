"""Encodes a chunk block by block as the input of two binary COPYs: rows and rejects."""

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.encrypt_block import STORED_REJECTS, BlockEncryptor, uuid_array
from functions.pipeline.load.reject_ids import reject_ids
from functions.pipeline.load.slice_timer import SliceTimer
from waybill.binary.reading import read_binary
from waybill.columns.check import BlockResult, Checker
from waybill.columns.rejects import by_line
from waybill.columns.stage import RowEncoder
from waybill.columns.statistics import FileStatistics
from waybill.columns.summary import Summary
from waybill.contract.drift import Drift
from waybill.database.chunks import ChunkId, SliceEnd
from waybill.database.claims import Claim
from waybill.encryption import DataKey
from waybill.landing.objects import ObjectSource, stream_range
from waybill.records.block import Block, limited
from waybill.records.chunking import ChunkRange
from waybill.records.compression import Limits
from waybill.records.reading import TextRange, read_part, read_records

_REJECT_SCHEMA = pa.schema(
    [
        pa.field("reject_id", pa.binary(16)),
        pa.field("job_id", pa.binary(16)),
        pa.field("chunk", pa.int32()),
        *STORED_REJECTS,
    ]
)
_MIN_RECORDS, _MAX_RECORDS, _MAX_FIELDS = 256, 24_576, 125_000
# A block is longer than this only where one record is.
_LONG_BYTES = 4 * 1024 * 1024
REJECT_COLUMNS: tuple[str, ...] = tuple(_REJECT_SCHEMA.names)
"""The copied columns of `waybill.validation_errors`, in order."""


class EncodedBlock(NamedTuple):
    """Rows for the two COPYs, without header and trailer, and the number of records in them."""

    rows: list[bytes]
    rejects: list[bytes]
    read: int
    rejected: int
    filtered: int = 0


class ChunkEncoder:
    """Encodes one chunk once."""

    def __init__(self, deps: Deps, chunk: ChunkId, claim: Claim) -> None:
        self._deps = deps
        self._chunk = chunk
        self._claim = claim
        # Both the records and their fields: either may be millions in a block of 1 MiB.
        width = max(claim.layout.width, len(claim.contract.columns))
        self._max_records = max(_MIN_RECORDS, min(_MAX_RECORDS, _MAX_FIELDS // width))
        layout = claim.layout
        self._is_stream = layout.is_stream and not layout.is_binary
        is_first = chunk.chunk == 0 and claim.byte_to == claim.size_bytes and claim.text_to is None
        # The only chunk of an object, or its last slice: the hash, head included, is the object's.
        # Of a binary file only some ranges are read.
        self._whole = not layout.is_binary and (
            is_first or (self._is_stream and claim.text_to is None)
        )
        begin = layout.data_offset if claim.text_from is None else claim.text_from
        self._part = TextRange(begin, claim.text_to)
        self._timer = SliceTimer(deps.seconds)
        self._bytes_read = 0
        self._has_begun = False
        self.cut: SliceEnd | None = None
        """Where the slice of a stream ended before the stream did, as time was running out."""
        self.sha256: str | None = None
        """The object's SHA-256 in hex, set at the end if the chunk is the whole object."""
        self._checker = Checker(claim.contract, claim.layout, chunk.chunk)
        self._encryptor = BlockEncryptor(deps.settings.personal_key, claim.contract, chunk.job_id)
        self._summary = Summary(claim.contract)
        # A chunk that is staged once more was counted before.
        counted = claim.layout.columns if claim.keeps_rejects else ()
        self._statistics = FileStatistics(claim.contract, counted, is_whole=is_first)

    @property
    def data_key(self) -> DataKey | None:
        """The key that texts so far are encrypted with; None if none is."""
        return self._encryptor.data_key

    @property
    def warnings(self) -> tuple[str, ...]:
        """About the records so far, for the user."""
        return tuple(self._checker.warnings)

    @property
    def statistics(self) -> list[dict[str, Any]]:
        """Of the columns of the records so far."""
        return self._statistics.result(is_cut=self.cut is not None)

    @property
    def summary(self) -> dict[str, Any]:
        """Of the staged records so far."""
        return self._summary.result()

    @property
    def drift(self) -> tuple[Drift, ...] | None:
        """How the records so far differ from the table, where their header does not tell it."""
        return self._checker.drift

    def blocks(self) -> Iterator[EncodedBlock]:
        """The blocks in file order."""
        rows, rejects = RowEncoder(self._checker.schema), RowEncoder(_REJECT_SCHEMA)
        for block in self._records():
            for part in limited(block, self._max_records):
                if not part.record_count:
                    # Shows progress while the text before a slice is read.
                    yield EncodedBlock([], [], 0, 0)
                    continue
                self._check_skipped()
                result = self._check(part)
                self._statistics.add(result.staged)
                order = self._summary.add(result.staged)
                yield EncodedBlock(
                    rows.encode([order.applied_to(self._encryptor.staged(result))]),
                    rejects.encode(self._rejects(result)) if result.rejected else [],
                    result.read,
                    result.rejected,
                    result.filtered,
                )
            self.cut = self._end_of_slice(block)
            if self.cut:
                return

    def _check_skipped(self) -> None:
        if self._claim.text_from is not None and not self._has_begun:
            self._timer.check_skipped(self._claim.text_from)
        self._has_begun = True

    def _end_of_slice(self, block: Block) -> SliceEnd | None:
        """Where the slice ends, if it has to and may after this block."""
        positions, lines = block.boundaries
        if not (self._is_stream and len(positions) and self._timer.is_over):
            return None
        end = self._part.begin + int(positions[-1])
        # Where the last record of an array ends, no other one may begin.
        is_between = not block.record_count or lines[-1] > block.lines[-1]
        if not is_between or end in (self._part.begin, self._part.end):
            return None
        claim = self._claim
        return SliceEnd(
            end, int(lines[-1]), min(max(self._bytes_read, claim.byte_from), claim.byte_to)
        )

    def _records(self) -> Iterator[Block]:
        claim, settings = self._claim, self._deps.settings
        limits = Limits(settings.unpacked_bytes_limit, settings.unpacked_ratio_limit)
        if claim.layout.is_binary:
            source = ObjectSource(self._deps.s3, claim.object)
            part = ChunkRange(claim.byte_from, claim.byte_to, claim.first_line)
            return read_binary(source, claim.layout, claim.contract, part, limits)
        if self._is_stream:
            return read_part(self._bytes(), claim.layout, claim.first_line, self._part, limits)
        last = claim.byte_to == claim.size_bytes
        return read_records(self._bytes(), claim.layout, claim.first_line, last=last, limits=limits)

    def _check(self, block: Block) -> BlockResult:
        if len(block.data) <= _LONG_BYTES:
            return self._checker.check(block)
        # Arrow keeps what it freed: of earlier blocks, and then of the check.
        pa.default_memory_pool().release_unused()
        result = self._checker.check(block)
        pa.default_memory_pool().release_unused()
        return result

    def _bytes(self) -> Iterator[bytes]:
        """The chunk's bytes; bytes before it are read only for the hash."""
        claim = self._claim
        # Of a stream only the reader can tell where the data begin.
        begin = 0 if self._whole or self._is_stream else claim.byte_from
        end = claim.size_bytes if self._is_stream else claim.byte_to
        size = self._deps.settings.block_bytes
        skip = 0 if self._is_stream else claim.byte_from - begin
        digest = hashlib.sha256()
        for data in stream_range(self._deps.s3, claim.object, begin, end, size):
            self._bytes_read += len(data)
            if self._whole:
                digest.update(data)
            yield data[skip:]
            skip = max(skip - len(data), 0)
        if self._whole:
            self.sha256 = digest.hexdigest()

    def _rejects(self, result: BlockResult) -> Iterator[pa.RecordBatch]:
        for batch in by_line(self._encryptor.rejects(result)):
            count = batch.num_rows
            columns = [
                uuid_array(reject_ids(count), count),
                uuid_array(self._chunk.job_id.bytes * count, count),
                pa.array(np.full(count, self._chunk.chunk, np.int32)),
                *batch.columns,
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=_REJECT_SCHEMA)
