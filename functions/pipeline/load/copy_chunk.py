"""Copies a chunk into its staging table, and its rejects to theirs, block by block."""

from contextlib import ExitStack, closing
from tempfile import SpooledTemporaryFile
from typing import IO, NamedTuple

from psycopg import sql

from functions.pipeline.load.deps import ChunkId, Claim, Step
from functions.pipeline.load.encode_chunk import REJECT_COLUMNS, ChunkEncoder
from functions.pipeline.load.prefetch import ahead
from functions.pipeline.load.watchdog import Watchdog
from waybill.columns.stage import stage_schema

# Blocks that wait, encoded, for the database: enough to keep it busy, little enough to hold.
_BLOCKS_AHEAD = 2
# A quiet S3 is noticed first, by who waits for it, so that the connection can be kept.
_LEEWAY = 1.5
_SPOOL_BYTES = 8 * 1024 * 1024
_WRITE_BYTES = 1024 * 1024


class Copied(NamedTuple):
    """Records of a chunk, and the SHA-256 in hex of its object when it is all of it."""

    read: int
    staged: int
    rejected: int
    sha256: str | None


def copy_chunk(step: Step, chunk: ChunkId, claim: Claim) -> Copied:
    """Read, cut, check and copy the chunk in the connection's transaction.

    One connection has one COPY at a time, so the rejects wait in a file until the rows are in.
    Memory does not grow with the chunk.

    Raises:
        Rejected: the object is gone or was overwritten.
        Retryable: S3 or the database stalls, or cannot be reached.
    """
    encoder = ChunkEncoder(step, chunk, claim)
    read = staged = rejected = 0
    with ExitStack() as stack:
        spool = stack.enter_context(SpooledTemporaryFile(_SPOOL_BYTES))
        watchdog = stack.enter_context(
            Watchdog(step.connection, _LEEWAY * step.patience_seconds, step.seconds)
        )
        blocks = stack.enter_context(
            closing(ahead(encoder.blocks(), _BLOCKS_AHEAD, step.patience_seconds))
        )
        # A closed cursor has forgotten its count, so it is closed with the rest.
        cursor = stack.enter_context(step.connection.cursor())
        with cursor.copy(_into_stage(claim)) as copy:
            for block in blocks:
                copy.write(block.rows)
                spool.write(block.rejects)
                read += block.read
                rejected += block.rejected
                watchdog.beat()
        staged = cursor.rowcount
        if rejected and claim.keeps_rejects:
            _copy_rejects(step, spool, watchdog)
    return Copied(read, staged, rejected, encoder.sha256)


def _into_stage(claim: Claim) -> sql.Composed:
    return sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(
        sql.Identifier(claim.stage_schema, claim.stage_table),
        sql.SQL(", ").join(map(sql.Identifier, stage_schema(claim.contract).names)),
    )


def _copy_rejects(step: Step, spool: IO[bytes], watchdog: Watchdog) -> None:
    statement = sql.SQL("COPY waybill.validation_errors ({}) FROM STDIN (FORMAT binary)").format(
        sql.SQL(", ").join(map(sql.Identifier, REJECT_COLUMNS))
    )
    spool.seek(0)
    with step.connection.cursor() as cursor, cursor.copy(statement) as copy:
        while part := spool.read(_WRITE_BYTES):
            copy.write(part)
            watchdog.beat()
