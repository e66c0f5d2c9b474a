"""Chunks of an object: planned, claimed, staged."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from pydantic import TypeAdapter

from waybill.contract.drift import Drift
from waybill.database.claims import Claim, RangeClaim
from waybill.database.json_parameters import jsonb
from waybill.database.repository import Repository
from waybill.records.layout import Layout
from waybill.records.ranges import ChunkSurvey
from waybill.states import JobState


class PlannedChunk(NamedTuple):
    """A byte range of an object, the line it begins with, and whether it is staged."""

    chunk: int
    byte_from: int
    byte_to: int
    first_line: int | None
    """None of a range that is not known to begin and end where records do."""
    done: bool = False
    start_line: int | None = None
    """The line, if such a range is known to begin where a record does."""


class PlanClaim(NamedTuple):
    """A job's plan, held by one attempt until a later one claims it."""

    job_id: UUID
    state: JobState
    attempt: int
    chunks_total: int | None
    """None while the plan is unfinished."""
    layout: Layout | None
    """None until the job is loading."""
    chunks: Sequence[PlannedChunk]
    """What earlier attempts planned, in order."""


class ChunkId(NamedTuple):
    """A chunk of a job."""

    job_id: UUID
    chunk: int


class SliceEnd(NamedTuple):
    """Where a slice of a stream ended before the stream did, and the next one begins."""

    text: int
    """Byte of the object's text."""
    line: int
    object: int
    """Bytes of the object read by then: for progress only."""


class StagedCounts(NamedTuple):
    """Records of a chunk; the SHA-256 in hex of its object when the chunk is all of it."""

    read: int
    staged: int
    rejected: int
    sha256: str | None
    warnings: tuple[str, ...] = ()
    """For the user."""
    filtered: int = 0
    """Left out by a filter of the dataset."""
    columns: Sequence[Mapping[str, Any]] = ()
    """Statistics of the columns."""
    drift: tuple[Drift, ...] | None = None
    """How its records differ from the table, if they tell it and not the header."""
    cut: SliceEnd | None = None
    """Of a stream that is to be continued."""
    summary: Mapping[str, Any] | None = None
    """Keys, partitions and parents of the staged records."""


_CHUNKS = TypeAdapter(list[PlannedChunk])


class _Plan(NamedTuple):
    state: str
    attempt: int
    chunks_total: int | None
    layout: dict[str, Any] | None
    chunks: list[dict[str, Any]]


class Chunks(Repository):
    """The chunks of jobs."""

    def claim_plan(self, job_id: UUID) -> PlanClaim:
        """Take over the job's plan: every write of an earlier attempt is refused from here on.

        Raises:
            Rejected: `unknown-job`.
        """
        found = self._row(_Plan, "claim_plan", p_job=job_id, p_surveys=True)
        assert found is not None  # noqa: S101 - the routine returns one row
        return PlanClaim(
            job_id,
            JobState(found.state),
            found.attempt,
            found.chunks_total,
            None if found.layout is None else Layout.model_validate(found.layout),
            _CHUNKS.validate_python(found.chunks),
        )

    def start_loading(self, plan: PlanClaim, layout: Layout) -> JobState:
        """Fix the job's layout and contract and make its staging table; the job's state.

        Raises:
            Rejected: `unknown-job`, `plan-superseded`.
        """
        return self._value(
            JobState,
            "start_loading",
            p_job=plan.job_id,
            p_layout=jsonb(layout.model_dump()),
            p_attempt=plan.attempt,
        )

    def duplicate_hash(self, job_id: UUID, layout: Layout) -> str | None:
        """The SHA-256 in hex of the object that the job's object would repeat; None if none.

        Only an object directly behind one of the same size, of which nothing has changed since.
        """
        sha256: str | None = self._value(
            lambda found: found,
            "duplicate_hash",
            p_job=job_id,
            p_layout=jsonb(layout.model_dump()),
        )
        return sha256

    def end_duplicate(self, plan: PlanClaim, layout: Layout, sha256: str) -> bool:
        """End the job as a duplicate if its content is that of `duplicate_hash`; whether it is.

        Raises:
            Rejected: `plan-superseded`.
        """
        return self._value(
            bool,
            "end_duplicate",
            p_job=plan.job_id,
            p_layout=jsonb(layout.model_dump()),
            p_sha256=sha256,
            p_attempt=plan.attempt,
        )

    def add(self, plan: PlanClaim, chunks: Sequence[PlannedChunk]) -> None:
        """Add chunks to the plan; those that it has stay as they are.

        Raises:
            Rejected: `plan-superseded`.
        """
        rows = jsonb([chunk._asdict() for chunk in chunks])
        self._do("add_chunks", p_job=plan.job_id, p_chunks=rows, p_attempt=plan.attempt)

    def finish_plan(self, plan: PlanClaim, chunks_total: int, sha256: str | None) -> None:
        """Store the number of chunks; until then none can be the last one.

        Raises:
            Rejected: `plan-superseded`.
        """
        self._do(
            "finish_plan",
            p_job=plan.job_id,
            p_chunks_total=chunks_total,
            p_sha256=sha256,
            p_attempt=plan.attempt,
        )

    def state_of(self, chunk: ChunkId) -> Literal["absent", "todo", "done"]:
        """Whether a chunk is planned, and staged."""
        state: Literal["absent", "todo", "done"] = self._value(
            lambda value: value, "chunk_state", p_job=chunk.job_id, p_chunk=chunk.chunk
        )
        return state

    def following(self, chunk: ChunkId, chunks_at_once: int) -> int | None:
        """The chunk to send after this one: of a stream its next slice; None if it is staged."""
        found: int | None = self._value(
            lambda value: value,
            "following_chunk",
            p_job=chunk.job_id,
            p_chunk=chunk.chunk,
            p_at_once=chunks_at_once,
        )
        return found

    def claim(self, chunk: ChunkId) -> Claim | RangeClaim | Literal["done", "ended", "waiting"]:
        """Lock the chunk until the transaction ends, so that no second loader stages it.

        `done` when it is staged, `ended` when its job has ended, `waiting` when another survey is
        missing: who stores that one sends this chunk.

        Raises:
            Rejected: `unknown-job`.
            Busy: another loader has it.
        """
        found = self._row(
            dict[str, Any],
            "claim_chunk",
            p_job=chunk.job_id,
            p_chunk=chunk.chunk,
            p_reads_slices=True,
            p_surveys=True,
        )
        assert found is not None  # noqa: S101 - the routine returns one row
        status: Literal["todo", "survey", "done", "ended", "waiting"] = found["status"]
        if status == "survey":
            return RangeClaim.model_validate(found)
        return Claim.model_validate(found) if status == "todo" else status

    def record_survey(
        self, chunk: ChunkId, surveys: Sequence[ChunkSurvey]
    ) -> Literal["settled", "again", "waiting"]:
        """Store the survey of a range, and settle the chunks that can be.

        `again` when its first record begins at none of the places that were surveyed, `waiting`
        when another survey is missing.

        Raises:
            Rejected: `job-ended`.
        """
        status: Literal["settled", "again", "waiting"] = self._value(
            lambda value: value,
            "record_survey",
            p_job=chunk.job_id,
            p_chunk=chunk.chunk,
            p_surveys=jsonb([survey._asdict() for survey in surveys]),
        )
        return status

    def finish(self, chunk: ChunkId, counts: StagedCounts) -> None:
        """Mark the chunk as staged, in the transaction that staged it.

        Raises:
            Rejected: `job-ended`, `contract-broken`.
        """
        self._do(
            "finish_chunk",
            p_job=chunk.job_id,
            p_chunk=chunk.chunk,
            p_read=counts.read,
            p_staged=counts.staged,
            p_rejected=counts.rejected,
            p_sha256=counts.sha256,
            p_warnings=list(counts.warnings),
            p_filtered=counts.filtered,
            p_columns=jsonb(counts.columns) if counts.columns else None,
            p_drift=None
            if counts.drift is None
            else jsonb([each.model_dump(exclude_none=True) for each in counts.drift]),
            p_cut=jsonb(counts.cut._asdict()) if counts.cut else None,
            p_summary=jsonb(counts.summary) if counts.summary else None,
        )

    def count_left(self, job_id: UUID) -> int:
        """Chunks that are not staged; at least 1 while the plan is unfinished.

        Asked in a transaction of its own after the commit, so that of two loaders that end at
        the same time at least one sees that both are done.
        """
        return self._value(int, "chunks_left", p_job=job_id)
