"""Reads an object's head, cuts the object into chunks, and sends them as they are found."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb

from functions.pipeline.plan.deps import LandedJob, Step
from functions.pipeline.plan.verify_object import check_sha256, check_size, known_sha256
from waybill import telemetry
from waybill.contract.model import Contract
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.flow_control import next_chunks
from waybill.landing.objects import ObjectRef, stream_range
from waybill.messages import ChunkMessage, MergeMessage
from waybill.queues import send
from waybill.records.chunking import ChunkRange, chunk_ranges
from waybill.records.layout import Layout
from waybill.records.sniffer import sniff_layout

if TYPE_CHECKING:
    from hashlib import _Hash

_HEAD_BYTES = 1024 * 1024
_BLOCK_BYTES = 4 * 1024 * 1024


class Planned(NamedTuple):
    """What an earlier delivery planned; `chunks_total` is None while that is unfinished."""

    state: str
    chunks_total: int | None
    chunks: list[dict[str, Any]]
    """`chunk`, `byte_from`, `byte_to`, `first_line`, `done`; in order."""


def resend_messages(step: Step, job_id: UUID, planned: Planned) -> None:
    """Send what may have been lost of a finished plan; a loader knows a chunk that is done."""
    left = next_chunks(_not_done(planned.chunks), step.settings.chunks_at_once)
    send(step.settings.chunks_queue_url, (ChunkMessage(job_id=job_id, chunk=n) for n in left))
    if not left:
        send(step.settings.merges_queue_url, [MergeMessage(job_id=job_id)])
    telemetry.action("plan.repeated", chunks=len(left))


def _not_done(chunks: list[dict[str, Any]]) -> list[int]:
    return [part["chunk"] for part in chunks if not part["done"]]


def plan_chunks(step: Step, job: LandedJob, before: Planned) -> None:
    """Check the object, lay its chunks down, and send them; goes on where `before` ended.

    Raises:
        Rejected: the file is refused, and why.
        Retryable: something cannot be reached, or a lock is taken.
    """
    layout, head, sha256 = _read(step, job)
    scan = _Scan(step, job, layout, head)
    if not scan.started():
        return
    must_hash = job.ticket and job.ticket.sha256 and not sha256
    if before.chunks:
        sha256 = scan.hashed() if must_hash else sha256
        chunks = scan.go_on(before)
    else:
        chunks, sha256 = scan.all()
    with translating_db_errors():
        q = queries("plan")
        q.finish_plan(step.connection, job_id=job.job_id, chunks_total=chunks, sha256=sha256)
        left = q.chunks_left(step.connection, job_id=job.job_id)
    if left == 0:
        # Every loader was done before the total was known, or there is nothing to load.
        send(step.settings.merges_queue_url, [MergeMessage(job_id=job.job_id)])
    telemetry.action("plan.done", chunks=chunks, size_bytes=job.ref.size_bytes)


def _read(step: Step, job: LandedJob) -> tuple[Layout, bytes, str | None]:
    """The layout, the head it was read from, and the hash of the whole object where S3 has it."""
    with translating_db_errors():
        kept = queries("plan").contract(step.connection, dataset=job.dataset)
    check_size(job.ref, job.ticket)
    sha256 = known_sha256(step.s3, job.ref, job.ticket)
    head = b"".join(_bytes(step, job.ref, 0, min(job.ref.size_bytes, _HEAD_BYTES)))
    layout = sniff_layout(
        head,
        Contract.model_validate(kept),
        whole=len(head) == job.ref.size_bytes,
        delimiter=job.ticket.delimiter if job.ticket else None,
        encoding=job.ticket.encoding if job.ticket else None,
    )
    return layout, head, sha256


def _bytes(step: Step, ref: ObjectRef, byte_from: int, byte_to: int) -> Iterator[bytes]:
    return stream_range(step.s3, ref, byte_from, byte_to, _BLOCK_BYTES)


def _hashed(blocks: Iterator[bytes], digest: "_Hash") -> Iterator[bytes]:
    for block in blocks:
        digest.update(block)
        yield block


class _Scan:
    """One pass over the object's data."""

    def __init__(self, step: Step, job: LandedJob, layout: Layout, head: bytes) -> None:
        self._step = step
        self._job = job
        self._layout = layout
        self._head = head

    def started(self) -> bool:
        """Make the staging table; False when the job has ended meanwhile."""
        with translating_db_errors():
            state = queries("plan").start_loading(
                self._step.connection,
                job_id=self._job.job_id,
                layout=Jsonb(self._layout.model_dump()),
            )
        if state != "LOADING":
            telemetry.action("object.ignored", key=self._job.ref.key, why=state)
        return bool(state == "LOADING")

    def all(self) -> tuple[int, str]:
        """Cut all of it, hashing on the way; the number of chunks, and the SHA-256 in hex."""
        begin = 0 if self._layout.is_stream else self._layout.data_offset
        size = self._job.ref.size_bytes
        digest = hashlib.sha256()
        for _ in _hashed(self._bytes(0, begin), digest):
            pass
        blocks = _hashed(self._bytes(begin, size), digest)
        if self._layout.is_stream or size <= self._step.settings.chunk_bytes:
            # Read to the end first, so that nothing of a file with a wrong hash is loaded.
            for _ in blocks:
                pass
            check_sha256(digest.hexdigest(), self._job.ticket)
            one = ChunkRange(begin, size, self._layout.first_line)
            count = self._lay([one] if begin < size else [], 0)
        else:
            ranges = chunk_ranges(blocks, self._layout, self._step.settings.chunk_bytes)
            count = self._lay(ranges, 0)
            check_sha256(digest.hexdigest(), self._job.ticket)
        return count, digest.hexdigest()

    def hashed(self) -> str:
        """The SHA-256 of the whole object, in hex, held against the announced one."""
        digest = hashlib.sha256()
        for _ in _hashed(self._bytes(0, self._job.ref.size_bytes), digest):
            pass
        check_sha256(digest.hexdigest(), self._job.ticket)
        return digest.hexdigest()

    def go_on(self, before: Planned) -> int:
        """Cut the rest of what an earlier delivery began; the number of chunks in all.

        In chunks as long as the last of them, so that this one ends where it did, whatever
        size is set by now.
        """
        last = before.chunks[-1]
        rest = self._layout.model_copy(
            update={"data_offset": last["byte_from"], "first_line": last["first_line"]}
        )
        for chunk in next_chunks(_not_done(before.chunks[:-1]), self._step.settings.chunks_at_once):
            self._send(chunk)
        blocks = self._bytes(last["byte_from"], self._job.ref.size_bytes)
        ranges = chunk_ranges(blocks, rest, last["byte_to"] - last["byte_from"])
        if self._layout.is_stream:
            ranges = iter([ChunkRange(0, self._job.ref.size_bytes, self._layout.first_line)])
        return self._lay(ranges, last["chunk"])

    def _bytes(self, byte_from: int, byte_to: int) -> Iterator[bytes]:
        if byte_to <= len(self._head):
            return iter([self._head[byte_from:byte_to]])
        return _bytes(self._step, self._job.ref, byte_from, byte_to)

    def _lay(self, ranges: Iterable[ChunkRange], first: int) -> int:
        count = first
        for number, found in enumerate(ranges, first):
            written = Jsonb([{"chunk": number, **found._asdict()}])
            with translating_db_errors():
                queries("plan").add_chunks(
                    self._step.connection, job_id=self._job.job_id, chunks=written
                )
            if self._due(number):
                self._send(number)
            count = number + 1
        return count

    def _due(self, chunk: int) -> bool:
        """Whether its turn has come; else the loader that ends the one before it sends it."""
        before = chunk - self._step.settings.chunks_at_once
        if before < 0:
            return True
        with translating_db_errors():
            state = queries("plan").chunk_state(
                self._step.connection, job_id=self._job.job_id, chunk=before
            )
        return bool(state == "done")

    def _send(self, chunk: int) -> None:
        message = ChunkMessage(job_id=self._job.job_id, chunk=chunk)
        send(self._step.settings.chunks_queue_url, [message])
