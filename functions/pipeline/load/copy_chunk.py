"""Copies a chunk's rows into its staging table and its rejects into `validation_errors`."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.encode_chunk import REJECT_COLUMNS, ChunkEncoder, EncodedBlock
from functions.pipeline.load.prefetch import prefetch
from functions.pipeline.load.watchdog import Watchdog
from waybill.columns.stage import stage_schema
from waybill.database.chunks import ChunkId, StagedCounts
from waybill.database.claims import Claim
from waybill.database.copying import copy_into
from waybill.database.data_keys import DataKeys

# Encoded blocks waiting for the database: enough to keep it busy, few enough for memory.
_PREFETCHED_BLOCKS = 2
# `prefetch` must notice a stalled S3 before the watchdog closes the connection.
_WATCHDOG_MARGIN = 1.5
# Of encoded rejects that wait in memory for a COPY of their own. A block may add megabytes more.
_WAITING_BYTES = 2 * 1024 * 1024


def copy_chunk(deps: Deps, chunk: ChunkId, claim: Claim) -> StagedCounts:
    """Read, split, check and copy the chunk in the connection's transaction.

    A connection can run one COPY at a time. Rejects wait in memory; when they are many, the COPY
    of the rows ends, the rejects have one, and another one of rows begins. So memory does not
    grow with the chunk, and nothing is written to the local disk.

    Raises:
        Rejected: the object is missing or was overwritten.
        Retryable: S3 or the database is stalled or unavailable.
    """
    encoder = ChunkEncoder(deps, chunk, claim)
    with ExitStack() as stack:
        watchdog = stack.enter_context(
            Watchdog(deps.connection, _WATCHDOG_MARGIN * deps.patience_seconds, deps.seconds)
        )
        blocks = stack.enter_context(
            closing(prefetch(encoder.blocks(), _PREFETCHED_BLOCKS, deps.patience_seconds))
        )
        copier = _Copier(deps, claim, encoder, watchdog)
        copier.copy(blocks)
    return copier.counts()


class _Copier:
    """Copies blocks in turns: rows until many rejects wait, then the rejects."""

    def __init__(self, deps: Deps, claim: Claim, encoder: ChunkEncoder, watchdog: Watchdog) -> None:
        self._connection = deps.connection
        self._claim = claim
        self._encoder = encoder
        self._watchdog = watchdog
        self._columns = stage_schema(claim.contract, claim.layout).names
        self._has_key = False
        self._read = self._staged = self._rejected = self._filtered = 0

    def copy(self, blocks: Iterator[EncodedBlock]) -> None:
        """Copy all blocks."""
        while waiting := self._copy_rows(blocks):
            self._copy_rejects(waiting)
        self._store_key()

    def counts(self) -> StagedCounts:
        """What was read, and what became of it."""
        return StagedCounts(
            self._read,
            self._staged,
            self._rejected,
            self._encoder.sha256,
            self._encoder.warnings,
            self._filtered,
            self._encoder.statistics,
            self._encoder.drift,
            self._encoder.cut,
            self._encoder.summary,
        )

    def _copy_rows(self, blocks: Iterator[EncodedBlock]) -> list[bytes]:
        """Copy rows up to the end, or until many rejects wait; the rejects."""
        waiting: list[bytes] = []
        size = 0
        claim = self._claim
        with copy_into(
            self._connection, claim.stage_schema, claim.stage_table, self._columns
        ) as copy:
            for block in blocks:
                for rows in block.rows:
                    copy.write(rows)
                self._read += block.read
                self._rejected += block.rejected
                self._filtered += block.filtered
                self._watchdog.beat()
                if block.rejects and claim.keeps_rejects:
                    waiting += block.rejects
                    size += sum(map(len, block.rejects))
                if size >= _WAITING_BYTES:
                    break
        self._staged += copy.rows
        return waiting

    def _copy_rejects(self, waiting: list[bytes]) -> None:
        self._store_key()
        with copy_into(self._connection, "waybill", "validation_errors", REJECT_COLUMNS) as copy:
            for rejects in waiting:
                copy.write(rejects)
                self._watchdog.beat()

    def _store_key(self) -> None:
        """Store the key that texts are encrypted with, before the first of them."""
        if self._encoder.data_key and not self._has_key:
            DataKeys(self._connection).add(self._encoder.data_key)
            self._has_key = True
