"""The verb: corrected rejects land as a file of their own, at the place of the one they were in."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from functions.api.jobs.deps import SQL, Store
from functions.api.jobs.replay_request import ID, Corrected
from waybill.clients import storage_reached
from waybill.contract.model import Contract
from waybill.errors import FieldError, Rejected, Retryable
from waybill.exact_json import format_json
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.state.tickets import Ticket

_HOUR = timedelta(hours=1)
_BREAKS = re.compile(r"[\r\n]")
Fields = dict[str, str | None]


def replay_job(store: Store, parent: UUID, contract: Contract, rows: Sequence[Corrected]) -> UUID:
    """Take the corrected rejects in; the id of the job that loads them.

    Raises:
        NotFound: `unknown-job`.
        Rejected: `not-replayable`, naming ids that are not among the job's remaining rejects.
        Unavailable: the database or S3 cannot be reached; the rejects then remain.
    """
    kept = _kept(store, parent, rows)
    records = [{**kept[row.reject_id], **row.fields} for row in rows]
    ticket, content = _file(store, contract, records)
    store.database.ask(lambda connection: _register(connection, parent, ticket, rows))
    try:
        # What the file is written in goes before what the contract says of others.
        store.state.tickets.put(ticket)
        with storage_reached():
            store.s3.put_object(Bucket=ticket.bucket, Key=ticket.key, Body=content)
    except Retryable:
        # So that the same rejects can be sent again at once.
        given = Jsonb(ticket.model_dump(mode="json"))
        store.database.ask(lambda c: SQL.cancel_job(c, job_id=ticket.job_id, ticket=given))
        raise
    return ticket.job_id


def _kept(store: Store, parent: UUID, rows: Sequence[Corrected]) -> dict[UUID, Fields]:
    """What the rejects hold, by id."""
    ids = [row.reject_id for row in rows]
    found: dict[UUID, Fields] = {
        reject_id: values or {}
        for reject_id, values in store.database.ask(
            lambda connection: list(SQL.rejects_of(connection, job_id=parent, reject_ids=ids))
        )
    }
    message = "It is not among the rejects of this job that remain."
    field_errors = [
        FieldError(
            pointer=f"/rows/{place}/{ID}", code="no-such-reject", message=f"{given}: {message}"
        )
        for place, given in enumerate(ids)
        if given not in found
    ]
    if field_errors:
        detail = (
            f"{len(field_errors)} of the ids are not among the rejects of this job that remain."
        )
        raise Rejected("not-replayable", detail, field_errors)
    return found


def _register(connection: Any, parent: UUID, ticket: Ticket, rows: Sequence[Corrected]) -> None:  # noqa: ANN401 - aiosql's own
    # Asked again on a fresh connection it finds the job that it made.
    if SQL.get_state(connection, job_id=ticket.job_id) is None:
        ids = [row.reject_id for row in rows]
        SQL.register_replay(connection, parent=parent, job_id=ticket.job_id, reject_ids=ids)


def _file(store: Store, contract: Contract, records: Sequence[Fields]) -> tuple[Ticket, bytes]:
    job_id, now = new_id(), datetime.now(UTC)
    as_json = contract.file_format == "json" or contract.document is not None
    delimiter = contract.delimiter or ","
    if as_json:
        content, name = json_lines(contract, records), "replay.jsonl"
    else:
        content, name = csv_lines(contract, delimiter, records), "replay.csv"
    ticket = Ticket(
        job_id=job_id,
        dataset=contract.name,
        filename=name,
        size_bytes=len(content),
        delimiter=None if as_json else delimiter,
        encoding="utf-8",
        created_at=now,
        expires_at=now + _HOUR,
        bucket=store.settings.landing_bucket,
        key=key_for(contract.name, job_id, name),
    )
    return ticket, content


def csv_lines(contract: Contract, delimiter: str, records: Sequence[Fields]) -> bytes:
    """The records as a file of the dataset: every text quoted, so that it is taken as it is."""
    names = [column.name for column in contract.columns]
    lines = [[record.get(name) for name in names] for record in records]
    if contract.header != "absent":
        lines.insert(0, [*names])
    return "".join(f"{delimiter.join(map(_quoted, line))}\r\n" for line in lines).encode()


def _quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def json_lines(contract: Contract, records: Sequence[Fields]) -> bytes:
    """The records as JSON Lines; of a dataset of documents, the documents themselves."""
    if contract.document is not None:
        texts = [record.get(contract.document) or "null" for record in records]
    else:
        texts = [format_json(record) for record in records]
    # A line break inside a string is escaped: one that stands in JSON is white space.
    return "".join(f"{_BREAKS.sub(' ', text)}\n" for text in texts).encode()
