"""Divides an object into chunks, stores them, and sends the first ones to the loaders."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from functions.pipeline.plan.deps import Deps
from functions.pipeline.plan.models import LandedJob
from functions.pipeline.plan.sniff_layout import SniffedObject
from functions.pipeline.plan.verify_object import check_sha256, must_hash
from waybill import telemetry
from waybill.database.chunks import ChunkId, Chunks, PlanClaim, PlannedChunk
from waybill.flow_control import next_chunks
from waybill.messages import ChunkMessage, MergeMessage
from waybill.queues import send
from waybill.records.chunking import ChunkRange, chunk_ranges
from waybill.records.layout import Layout
from waybill.records.ranges import can_survey, even_size

if TYPE_CHECKING:
    from hashlib import _Hash


def write_chunks(
    deps: Deps, job: LandedJob, sniffed: SniffedObject, plan: PlanClaim, sha256: str | None
) -> tuple[int, str]:
    """Divide the whole object. Returns the number of chunks, and its SHA-256 in hex.

    `sha256` is given if it is known, and need not be computed.

    Raises:
        Rejected: `checksum-mismatch`, `plan-superseded`, or the object is missing.
        Retryable: something cannot be reached.
    """
    layout, size = sniffed.layout, job.ref.size_bytes
    begin = 0 if layout.is_stream else layout.data_offset
    digest = hashlib.sha256()
    chunk_bytes = even_size(
        max(size - begin, 0), deps.settings.chunk_bytes, deps.settings.chunks_at_once
    )
    if can_survey(layout) and size - begin > chunk_bytes:
        total = _write_ranges(deps, plan, layout, size, chunk_bytes)
        # While the loaders are at work. Nothing is merged before the plan is finished.
        return total, sha256 or _checked_sha256(sniffed, job)
    _exhaust(_hashing(sniffed.blocks(0, begin), digest))
    blocks = _hashing(sniffed.blocks(begin, size), digest)
    if layout.is_binary:
        _exhaust(blocks)
        check_sha256(digest.hexdigest(), job.ticket)
        total = _write(deps, plan, sniffed.binary_ranges(deps.settings.chunk_bytes), 0)
    elif layout.is_stream or size - begin <= chunk_bytes:
        # The hash is checked first, so that nothing of a file with a wrong one is loaded.
        _exhaust(blocks)
        check_sha256(digest.hexdigest(), job.ticket)
        one = ChunkRange(begin, size, layout.first_line)
        total = _write(deps, plan, [one] if begin < size else [], 0)
    else:
        total = _write(deps, plan, chunk_ranges(blocks, layout, chunk_bytes), 0)
        check_sha256(digest.hexdigest(), job.ticket)
    return total, digest.hexdigest()


def resume_chunks(
    deps: Deps, job: LandedJob, sniffed: SniffedObject, plan: PlanClaim, sha256: str | None
) -> tuple[int, str | None]:
    """Divide the rest of an object whose plan was interrupted.

    The last chunk is divided again to find the line at its end, with its own length as the
    chunk size: so it ends at the same byte even if the configured size has changed.

    Returns:
        The number of chunks in all, and the object's SHA-256 in hex if it is known.

    Raises:
        Rejected: `checksum-mismatch`, `plan-superseded`, or the object is missing.
        Retryable: something cannot be reached.
    """
    if must_hash(job) and not sha256:
        sha256 = _checked_sha256(sniffed, job)
    last = plan.chunks[-1]
    if sniffed.layout.is_stream and not sniffed.layout.is_binary:
        # Planned as one chunk; if there are more, its loader has added them.
        for chunk in _not_done(plan.chunks):
            _send(deps, plan, chunk)
        return 1, sha256
    is_complete = can_survey(sniffed.layout) and last.byte_to == job.ref.size_bytes
    if is_complete or last.first_line is None:
        for chunk in next_chunks(_not_done(plan.chunks), deps.settings.chunks_at_once):
            _send(deps, plan, chunk)
        return len(plan.chunks), sha256
    for chunk in next_chunks(_not_done(plan.chunks[:-1]), deps.settings.chunks_at_once):
        _send(deps, plan, chunk)
    if sniffed.layout.is_binary:
        done = ChunkRange(last.byte_from, last.byte_to, last.first_line)
        ranges = iter([done, *sniffed.binary_ranges(deps.settings.chunk_bytes, last.byte_to)])
    else:
        rest = sniffed.layout.model_copy(
            update={"data_offset": last.byte_from, "first_line": last.first_line}
        )
        blocks = sniffed.blocks(last.byte_from, job.ref.size_bytes)
        ranges = chunk_ranges(blocks, rest, last.byte_to - last.byte_from)
    return _write(deps, plan, ranges, last.chunk), sha256


def resend_chunks(deps: Deps, plan: PlanClaim) -> None:
    """Resend the messages of a finished plan, in case they were lost.

    A loader recognises a chunk that is done.
    """
    left = next_chunks(_not_done(plan.chunks), deps.settings.chunks_at_once)
    send(
        deps.settings.chunks_queue_url,
        (ChunkMessage(job_id=plan.job_id, chunk=chunk) for chunk in left),
    )
    if not left:
        send(deps.settings.merges_queue_url, [MergeMessage(job_id=plan.job_id)])
    telemetry.action("plan.repeated", chunks=len(left))


def _not_done(chunks: Sequence[PlannedChunk]) -> list[int]:
    return [chunk.chunk for chunk in chunks if not chunk.done]


def _write(deps: Deps, plan: PlanClaim, ranges: Iterable[ChunkRange], first: int) -> int:
    total = first
    for number, chunk_range in enumerate(ranges, first):
        # The row comes before the message, so that the loader finds its chunk.
        Chunks(deps.connection).add(plan, [PlannedChunk(number, *chunk_range)])
        if _is_next(deps, plan, number):
            _send(deps, plan, number)
        total = number + 1
    return total


def _write_ranges(deps: Deps, plan: PlanClaim, layout: Layout, size: int, chunk_bytes: int) -> int:
    """Plan ranges whose loaders find out where records begin; the number of them."""
    begins = range(layout.data_offset, size, chunk_bytes)
    ranges = [
        PlannedChunk(number, begin, min(begin + chunk_bytes, size), None)
        for number, begin in enumerate(begins)
    ]
    ranges[0] = ranges[0]._replace(start_line=layout.first_line)
    Chunks(deps.connection).add(plan, ranges)
    for number in range(min(len(ranges), deps.settings.chunks_at_once)):
        _send(deps, plan, number)
    return len(ranges)


def _checked_sha256(sniffed: SniffedObject, job: LandedJob) -> str:
    """The object's SHA-256 in hex, compared with that of the upload request."""
    digest = hashlib.sha256()
    _exhaust(_hashing(sniffed.blocks(0, job.ref.size_bytes), digest))
    check_sha256(digest.hexdigest(), job.ticket)
    return digest.hexdigest()


def _is_next(deps: Deps, plan: PlanClaim, chunk: int) -> bool:
    """Whether to send the chunk now; otherwise the loader of an earlier chunk sends it."""
    before = chunk - deps.settings.chunks_at_once
    if before < 0:
        return True
    return Chunks(deps.connection).state_of(ChunkId(plan.job_id, before)) == "done"


def _send(deps: Deps, plan: PlanClaim, chunk: int) -> None:
    send(deps.settings.chunks_queue_url, [ChunkMessage(job_id=plan.job_id, chunk=chunk)])


def _hashing(blocks: Iterator[bytes], digest: "_Hash") -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


def _exhaust(blocks: Iterator[bytes]) -> None:
    for _ in blocks:
        pass
