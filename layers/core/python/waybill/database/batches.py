"""Batches of rows, and the responses kept for their idempotency keys."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json

from waybill.database.json_parameters import jsonb
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


class Batches(Repository):
    """Rows that are written while their sender waits, in one transaction of the caller."""

    def get_response(self, key: IdempotencyKey) -> dict[str, Any] | None:
        """The response that this batch had before; the key stays locked until the commit.

        Raises:
            Rejected: `key-reused` with another body.
            Conflict: `key-in-flight`.
        """
        return self._optional(
            dict,
            "get_idempotent_response",
            p_key=key.key,
            p_dataset=key.dataset,
            p_sha256=key.sha256,
        )

    def put_response(self, key: IdempotencyKey, response: dict[str, Any]) -> None:
        """Keep the response, in the commit of the rows."""
        self._do(
            "put_idempotent_response",
            p_key=key.key,
            p_dataset=key.dataset,
            p_sha256=key.sha256,
            p_response=jsonb(response),
        )

    def merge(
        self, job_id: UUID, dataset: str, rows: CheckedRows, *, mode: BatchMode
    ) -> BatchResult:
        """Write the rows with their waybill, at the place in the landing order that is now.

        Args:
            job_id: of the batch.
            dataset: where the rows go.
            rows: valid, refused and filtered ones.
            mode: `atomic`: all rows or none.

        Raises:
            NotFound: `unknown-dataset`.
            Rejected: `batch-refused`, with an error for each reason.
            Busy: a load that the rows depend on is not over.
        """
        result = self._row(
            BatchResult,
            "merge_batch",
            p_job=job_id,
            p_dataset=dataset,
            p_rows=Jsonb(rows.valid, dumps=to_json),
            p_mode=mode,
            p_rejected=jsonb(list(rows.rejected)),
            p_filtered=rows.filtered,
            p_drift=jsonb(list(rows.drift)),
        )
        assert result is not None  # noqa: S101 - the routine returns one row
        return result
