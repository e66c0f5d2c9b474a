"""Copies a chunk's rows into its staging table and its rejects into `validation_errors`."""

import errno
from contextlib import ExitStack, closing
from tempfile import SpooledTemporaryFile
from typing import IO

from functions.pipeline.load.deps import Deps
from functions.pipeline.load.encode_chunk import REJECT_COLUMNS, ChunkEncoder
from functions.pipeline.load.prefetch import prefetch
from functions.pipeline.load.watchdog import Watchdog
from waybill.columns.stage import stage_schema
from waybill.database.chunks import ChunkId, Claim, StagedCounts
from waybill.database.copying import copy_into
from waybill.database.data_keys import DataKeys
from waybill.errors import Rejected

# Encoded blocks waiting for the database: enough to keep it busy, few enough for memory.
_PREFETCHED_BLOCKS = 2
# `prefetch` must notice a stalled S3 before the watchdog closes the connection.
_WATCHDOG_MARGIN = 1.5
_SPOOL_BYTES = 8 * 1024 * 1024
_WRITE_BYTES = 1024 * 1024


def copy_chunk(deps: Deps, chunk: ChunkId, claim: Claim) -> StagedCounts:
    """Read, split, check and copy the chunk in the connection's transaction.

    A connection can run one COPY at a time, so rejects are spooled to a file until all rows are
    copied. Memory does not grow with the chunk.

    Raises:
        Rejected: the object is missing or was overwritten.
        Retryable: S3 or the database is stalled or unavailable.
    """
    encoder = ChunkEncoder(deps, chunk, claim)
    read = rejected = filtered = 0
    with ExitStack() as stack:
        spool = stack.enter_context(SpooledTemporaryFile(_SPOOL_BYTES))
        watchdog = stack.enter_context(
            Watchdog(deps.connection, _WATCHDOG_MARGIN * deps.patience_seconds, deps.seconds)
        )
        blocks = stack.enter_context(
            closing(prefetch(encoder.blocks(), _PREFETCHED_BLOCKS, deps.patience_seconds))
        )
        columns = stage_schema(claim.contract, claim.layout).names
        with copy_into(deps.connection, claim.stage_schema, claim.stage_table, columns) as copy:
            for block in blocks:
                copy.write(block.rows)
                _write(spool, block.rejects)
                read += block.read
                rejected += block.rejected
                filtered += block.filtered
                watchdog.beat()
        if encoder.data_key:
            DataKeys(deps.connection).add(encoder.data_key)
        if rejected and claim.keeps_rejects:
            _copy_rejects(deps, spool, watchdog)
    return StagedCounts(read, copy.rows, rejected, encoder.sha256, encoder.warnings, filtered)


def _write(spool: IO[bytes], rejects: bytes) -> None:
    """Spool rejects.

    Raises:
        Rejected: `disk-full`: they do not fit on the local disk, and never will.
    """
    try:
        spool.write(rejects)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        detail = "The rejects of one part of the file do not fit on the loader's disk."
        raise Rejected("disk-full", detail) from error


def _copy_rejects(deps: Deps, spool: IO[bytes], watchdog: Watchdog) -> None:
    spool.seek(0)
    with copy_into(deps.connection, "waybill", "validation_errors", REJECT_COLUMNS) as copy:
        while part := spool.read(_WRITE_BYTES):
            copy.write(part)
            watchdog.beat()
