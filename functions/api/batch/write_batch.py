"""The verb: rows into their table, with a waybill, in one transaction."""

import time
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from psycopg.types.json import Jsonb
from pydantic_core import to_json

from functions.api.batch.answer import BatchResponse
from functions.api.batch.deps import Store
from functions.api.batch.request import BatchRequest
from functions.api.batch.validate_rows import Validated
from waybill import telemetry
from waybill.database.queries import queries
from waybill.errors import FieldError, Rejected, Retryable, RowError
from waybill.http.persistent_connection import Connection
from waybill.ids import new_id
from waybill.outbox.publish_job_finished import UnblockedJobs, publish_job_finished


class Batch(NamedTuple):
    """A batch as it was asked for."""

    dataset: str
    request: BatchRequest
    key: str | None
    """Idempotency-Key."""
    sha256: str
    """Of the request's body, in hex."""
    started: float
    """`time.monotonic()` when it came."""


class BatchRefused(Rejected):
    """Rows are wrong and all or none was asked for: nothing is written."""

    max_field_errors: ClassVar[int] = 1000


class _Written(NamedTuple):
    answer: BatchResponse
    unblocked: UnblockedJobs
    is_new: bool


def write_batch(store: Store, batch: Batch) -> BatchResponse:
    """Check the rows and write them, or say which are wrong; a key's second call is answered again.

    Raises:
        NotFound: `unknown-dataset`.
        Rejected: `batch-refused`, `key-reused`, or `invalid-request` for another table's name.
        Conflict: `key-in-flight`.
        Busy: a load of the dataset, or of one that it refers to, is not over.
        Unavailable: the database or S3 cannot be reached.
    """
    validator = store.validator(batch.dataset)
    _check_table(batch)
    validated = validator.validate(batch.request.rows)
    if validated.rejected and batch.request.mode == "atomic":
        raise _refused(validated)
    job_id = new_id()
    telemetry.action("batch.accepted", job_id=str(job_id), dataset=batch.dataset)
    store.state.markers.put(job_id)
    written = store.database.ask(lambda connection: _write(connection, job_id, batch, validated))
    if written.is_new:
        _pass_on(store, written)
    return written.answer


def _check_table(batch: Batch) -> None:
    if batch.request.table not in (None, batch.dataset):
        message = f"The rows are sent to {batch.dataset!r}."
        flaw = FieldError(pointer="/table", code="other-table", message=message)
        raise Rejected("invalid-request", message, [flaw])


def _refused(validated: Validated) -> BatchRefused:
    field_errors = [
        RowError.of(rejected.row, reason)
        for rejected in validated.rejected
        for reason in rejected.errors
    ]
    detail = f"{len(validated.rejected)} of the rows are wrong; nothing was written."
    return BatchRefused("batch-refused", detail, field_errors)


def _write(connection: Connection, job_id: UUID, batch: Batch, validated: Validated) -> _Written:
    sql = queries("batch")
    # A connection that dies at the commit is asked again: then the job's own id is its key.
    key = {"key": batch.key or f"job:{job_id}", "dataset": batch.dataset, "sha256": batch.sha256}
    with connection.transaction():
        known = sql.recall_answer(connection, **key)
        if known is not None:
            return _Written(BatchResponse.model_validate(known), UnblockedJobs(), is_new=False)
        found: dict[str, Any] = sql.merge_batch(
            connection,
            job_id=job_id,
            dataset=batch.dataset,
            rows=Jsonb(validated.valid, dumps=to_json),
            mode=batch.request.mode,
            rejected=Jsonb([rejected._asdict() for rejected in validated.rejected]),
        )
        milliseconds = (time.monotonic() - batch.started) * 1000
        answer = BatchResponse.of(job_id, found, milliseconds)
        sql.keep_answer(connection, **key, answer=Jsonb(answer.model_dump(mode="json")))
    wake = [UUID(waiting) for waiting in found["unblocked"]]
    adopt = [UUID(pending) for pending in found["pending"]]
    return _Written(answer, UnblockedJobs(wake, adopt), is_new=True)


def _pass_on(store: Store, written: _Written) -> None:
    """The rows are in, and stay so: what cannot be told now is told by `publish` and the reaper."""
    job_id = written.answer.job_id
    try:
        store.database.ask(
            lambda connection: publish_job_finished(
                store.ways(connection), job_id, written.unblocked, changed=True
            )
        )
    except Retryable as error:
        telemetry.action("batch.untold", level="warning", code=error.code, detail=error.detail)
