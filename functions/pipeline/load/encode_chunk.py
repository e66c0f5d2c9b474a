"""From an object's bytes to the bytes of two binary COPYs, block by block."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from functions.pipeline.load.deps import ChunkId, Claim, Step
from functions.pipeline.load.reject_ids import reject_ids
from waybill.columns.check import Checked, Checker
from waybill.columns.rejects import REJECTS
from waybill.columns.stage import copy_encoder
from waybill.landing.objects import stream_range
from waybill.records.compression import Limits
from waybill.records.reading import read_records

_REJECT_SCHEMA = pa.schema(
    [
        pa.field("reject_id", pa.binary(16)),
        pa.field("job_id", pa.binary(16)),
        pa.field("chunk", pa.int32()),
        *REJECTS,
    ]
)
REJECT_COLUMNS: tuple[str, ...] = tuple(_REJECT_SCHEMA.names)
"""Columns of `waybill.validation_errors` that are copied, in their order."""


class EncodedBlock(NamedTuple):
    """Slices of the two COPYs' streams, and the records that they are of."""

    rows: bytes
    rejects: bytes
    read: int
    rejected: int


class ChunkEncoder:
    """One pass over one chunk."""

    def __init__(self, step: Step, chunk: ChunkId, claim: Claim) -> None:
        self._step = step
        self._chunk = chunk
        self._claim = claim
        # Only the first chunk of an object that has no other is the object: with its header.
        self._whole = chunk.chunk == 0 and claim.byte_to == claim.size_bytes
        self.sha256: str | None = None
        """SHA-256 of the object, in hex, once the pass is over and if the chunk is all of it."""

    def blocks(self) -> Iterator[EncodedBlock]:
        """The blocks in the order of the object; the first and last frame the streams."""
        claim, settings = self._claim, self._step.settings
        checker = Checker(claim.contract, claim.layout, self._chunk.chunk)
        rows, rejects = copy_encoder(checker.schema), copy_encoder(_REJECT_SCHEMA)
        yield EncodedBlock(rows.write_header(), rejects.write_header(), 0, 0)
        last = claim.byte_to == claim.size_bytes
        limits = Limits(settings.unpacked_bytes_limit, settings.unpacked_ratio_limit)
        for block in read_records(
            self._bytes(), claim.layout, claim.first_line, last=last, limits=limits
        ):
            if block.record_count:
                checked = checker.check(block)
                refused = [rejects.write_batch(part) for part in self._rejects(checked)]
                yield EncodedBlock(
                    rows.write_batch(checked.staged),
                    b"".join(refused),
                    checked.read,
                    checked.rejected,
                )
        yield EncodedBlock(rows.finish(), rejects.finish(), 0, 0)

    def _bytes(self) -> Iterator[bytes]:
        """The chunk's bytes; those before it are read only to be hashed."""
        claim = self._claim
        begin = 0 if self._whole else claim.byte_from
        size = self._step.settings.block_bytes
        # What comes before the data of a stream is known only once it is read.
        ahead = 0 if claim.layout.is_stream else claim.byte_from - begin
        digest = hashlib.sha256()
        for data in stream_range(self._step.s3, claim.object, begin, claim.byte_to, size):
            if self._whole:
                digest.update(data)
            yield data[ahead:]
            ahead = max(ahead - len(data), 0)
        if self._whole:
            self.sha256 = digest.hexdigest()

    def _rejects(self, checked: Checked) -> Iterator[pa.RecordBatch]:
        for batch in checked.rejects:
            count = batch.num_rows
            columns = [
                _uuids(reject_ids(count), count),
                _uuids(self._chunk.job_id.bytes * count, count),
                pa.array(np.full(count, self._chunk.chunk, np.int32)),
                *batch.columns,
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=_REJECT_SCHEMA)


def _uuids(data: bytes, count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(16), count, [None, pa.py_buffer(data)])
