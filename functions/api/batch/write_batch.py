"""Write a batch of rows, with a waybill, in one transaction."""

import time
from collections.abc import Callable
from typing import ClassVar, NamedTuple
from uuid import UUID

from functions.api.batch.deps import Deps
from functions.api.batch.encrypt_rows import encrypt_rows
from functions.api.batch.models import BatchRequest, BatchResponse
from functions.api.batch.validate_rows import Validated
from waybill import telemetry
from waybill.callers import Caller
from waybill.database.batches import (
    Batches,
    BatchResult,
    CheckedRows,
    IdempotencyKey,
    WrittenBefore,
)
from waybill.database.data_keys import DataKeys
from waybill.database.repository import Connection, transaction
from waybill.database.session import Session
from waybill.encryption import DataKey
from waybill.errors import FieldError, Rejected, Retryable, RowError
from waybill.ids import new_id
from waybill.outbox.publish_job_finished import UnblockedJobs, publish_job_finished


class Batch(NamedTuple):
    """A request to write rows."""

    dataset: str
    request: BatchRequest
    key: str | None
    """Idempotency-Key."""
    sha256: str
    """Of the request's body, in hex."""
    started: float
    """`time.monotonic()` when the request arrived."""
    caller: Caller


class BatchRefused(Rejected):
    """An atomic batch has invalid rows: nothing is written."""

    max_field_errors: ClassVar[int] = 1000


class _Written(NamedTuple):
    response: BatchResponse
    merged: BatchResult | None
    """None if it was written before."""


def write_batch(deps: Deps, batch: Batch) -> BatchResponse:
    """Validate the rows and write them.

    A repeated Idempotency-Key gets the stored response.

    Raises:
        NotFound: `unknown-dataset`.
        Rejected: `batch-refused`, `key-reused`, or `invalid-request` for another table's name.
        Conflict: `key-in-flight`.
        Busy: a load of the dataset, or of one that it references, is in progress.
        Unavailable: the database, S3 or KMS cannot be reached.
    """
    validator = deps.validator(batch.dataset)
    _check_table(batch)
    validated = validator.validate(batch.request.rows)
    if validated.rejected and batch.request.mode == "atomic":
        raise _refused(validated)
    job_id = new_id()
    telemetry.action("batch.accepted", job_id=str(job_id), dataset=batch.dataset)
    rows, data_key = encrypt_rows(deps.settings.personal_key, validator.contract, job_id, validated)
    with deps.state.markers.putting(job_id) as marker:

        def write(connection: Connection) -> _Written:
            # As few waits for the server as possible: what needs no response is sent with the next.
            with connection.pipeline(), transaction(connection):
                receive = _send(connection, job_id, batch, rows, data_key)
                # The database writes the rows meanwhile.
                marker.begin()
                written = receive()
                # It must be there whatever happens after the commit.
                marker.await_put()
            return written

        written = deps.database.run(write)
    if written.merged:
        _publish(deps, job_id, written.merged)
    return written.response


def _check_table(batch: Batch) -> None:
    if batch.request.table not in (None, batch.dataset):
        message = f"The table must be {batch.dataset!r}, as in the path."
        error = FieldError(pointer="/table", code="other-table", message=message)
        raise Rejected("invalid-request", message, [error])


def _refused(validated: Validated) -> BatchRefused:
    errors = [RowError.of(row.row, reason) for row in validated.rejected for reason in row.errors]
    detail = f"{len(validated.rejected)} rows are invalid; nothing was written."
    return BatchRefused("batch-refused", detail, errors)


def _send(
    connection: Connection,
    job_id: UUID,
    batch: Batch,
    validated: Validated,
    data_key: DataKey | None,
) -> Callable[[], _Written]:
    """Have the batch written. The value waits for that, and sends the response to be kept."""
    batches = Batches(connection)
    # If the connection is lost during the commit, this runs again; without an Idempotency-Key
    # the job id serves as the key, so that the rows are written once.
    key = IdempotencyKey(batch.key or f"job:{job_id}", batch.dataset, batch.sha256)
    Session(connection).act_as(batch.caller)
    receive = batches.begin_write(
        key,
        job_id,
        CheckedRows(
            validated.valid,
            [row._asdict() for row in validated.rejected],
            validated.filtered,
            [each.model_dump(exclude_none=True) for each in validated.drift],
        ),
        mode=batch.request.mode,
    )

    def written() -> _Written:
        merged = receive()
        if isinstance(merged, WrittenBefore):
            response = BatchResponse.model_validate(merged.response)
            return _Written(response, None)
        if data_key:
            DataKeys(connection).add(data_key)
        milliseconds = (time.monotonic() - batch.started) * 1000
        response = BatchResponse.of(job_id, merged, milliseconds, validated.drift)
        batches.put_response(key, response.model_dump(mode="json"))
        return _Written(response, merged)

    return written


def _publish(deps: Deps, job_id: UUID, merged: BatchResult) -> None:
    """Publish the finished job; on failure `publish` and `reap` do it later."""
    unblocked = UnblockedJobs(merged.unblocked, merged.pending)
    try:
        deps.database.run(
            lambda connection: publish_job_finished(
                deps.notifier(connection), job_id, unblocked, changed=False, first=merged.events
            )
        )
    except Retryable as error:
        telemetry.action("batch.unpublished", level="warning", code=error.code, detail=error.detail)
