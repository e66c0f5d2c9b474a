"""Batches of rows, and the responses kept for their idempotency keys."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from waybill.database.json_parameters import jsonb
from waybill.database.outbox import EVENTS_AT_ONCE, OutboxEvent
from waybill.database.repository import Repository
from waybill.states import JobState

BatchMode = Literal["atomic", "partial"]


class IdempotencyKey(NamedTuple):
    """The key of a batch: the caller's, the dataset, and the SHA-256 in hex of the body."""

    key: str
    dataset: str
    sha256: str


class CheckedRows(NamedTuple):
    """The rows of a batch, each in one of the lists or filtered."""

    valid: Sequence[object]
    """`(number from 0, {column: text}, raw)` each."""
    rejected: Sequence[object] = ()
    """`{row, raw, values, errors}` each."""
    filtered: int = 0
    """Number of rows that a filter of the dataset left out."""
    drift: Sequence[object] = ()
    """Fields of the rows that the table lacks: `{column, change, …}` each."""


class BatchResult(BaseModel):
    """A batch that is written."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: JobState
    waybill: dict[str, Any]
    errors: list[dict[str, Any]]
    """`row` (from 0), `column`, `code`, `message`, of rows that were not written, or not yet."""
    unblocked: tuple[UUID, ...] = ()
    """Jobs that waited for this one."""
    pending: tuple[UUID, ...] = ()
    """Jobs with pending records whose parents this one may have brought."""
    events: tuple[OutboxEvent, ...] = ()
    """The oldest events to publish after the commit, at most `EVENTS_AT_ONCE`."""


class WrittenBefore(NamedTuple):
    """The batch was written before; nothing was written now."""

    response: dict[str, Any]
    """That of before."""


class _WriteResult(NamedTuple):
    response: dict[str, Any] | None
    state: JobState | None
    errors: list[dict[str, Any]] | None
    waybill: dict[str, Any] | None
    unblocked: tuple[UUID, ...] | None
    pending: tuple[UUID, ...] | None
    events: list[tuple[int, str, dict[str, Any]]] | None

    def result(self) -> BatchResult | WrittenBefore:
        if self.response is not None:
            return WrittenBefore(self.response)
        return BatchResult.model_validate(self._asdict())


class Batches(Repository):
    """Rows that are written while their sender waits, in one transaction of the caller."""

    def put_response(self, key: IdempotencyKey, response: dict[str, Any]) -> None:
        """Keep the response, in the commit of the rows."""
        self._do(
            "put_idempotent_response",
            p_key=key.key,
            p_dataset=key.dataset,
            p_sha256=key.sha256,
            p_response=jsonb(response),
        )

    def begin_write(
        self, key: IdempotencyKey, job_id: UUID, rows: CheckedRows, *, mode: BatchMode
    ) -> Callable[[], BatchResult | WrittenBefore]:
        """Write the rows with their waybill, at the place in the landing order that is now.

        The value waits for the result: in a pipeline, the rows are written meanwhile. The key stays
        locked until the commit.

        Args:
            key: of the batch.
            job_id: of the batch.
            rows: valid, refused and filtered ones.
            mode: `atomic`: all rows or none.

        Raises:
            NotFound: `unknown-dataset`.
            Rejected: `batch-refused`, with an error for each reason; `key-reused`, with another
                body.
            Conflict: `key-in-flight`.
            Busy: a load that the rows depend on is not over.
        """
        receive = self._send_row(
            _WriteResult,
            "write_batch",
            p_key=key.key,
            p_sha256=key.sha256,
            p_job=job_id,
            p_dataset=key.dataset,
            p_rows=Jsonb(rows.valid, dumps=to_json),
            p_mode=mode,
            p_rejected=jsonb(list(rows.rejected)),
            p_filtered=rows.filtered,
            p_drift=jsonb(list(rows.drift)),
            p_events=EVENTS_AT_ONCE,
        )

        def result() -> BatchResult | WrittenBefore:
            row = receive()
            assert row is not None  # noqa: S101 - the routine returns one row
            return row.result()

        return result
