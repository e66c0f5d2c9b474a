"""Replay corrected rejects: a new file, directly after the original in landing order."""

import re
from collections.abc import Sequence, Set
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.models import REJECT_ID
from functions.api.jobs.parse_replay import CorrectedReject
from waybill.callers import Caller
from waybill.clients import storage_reached
from waybill.contract.model import Contract
from waybill.database.jobs import Jobs
from waybill.database.rejects import Fields, Rejects
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import FieldError, Rejected, Retryable
from waybill.exact_json import JsonError, format_json, parse_json
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.masking import MASK
from waybill.state.tickets import Ticket

_JSON_KINDS = ("json", "jsonb")
_HOUR = timedelta(hours=1)
_BREAKS = re.compile(r"[\r\n]")


def replay_job(
    deps: Deps,
    parent: UUID,
    contract: Contract,
    rows: Sequence[CorrectedReject],
    *,
    caller: Caller,
) -> UUID:
    """Land the corrected rejects as a file; the id of the job that loads it.

    Raises:
        NotFound: `unknown-job`.
        Rejected: `not-replayable`, ids that are not remaining rejects of the job.
        Unavailable: the database or S3 cannot be reached; the rejects remain.
    """
    values = _stored_values(deps, parent, rows)
    personal = frozenset(contract.personal)
    records = [_record(values[row.reject_id], row, personal) for row in rows]
    ticket, content = _file(deps, contract, records, caller)
    # Before the ticket: if this function is killed in between, the reaper frees the rejects.
    deps.state.deadlines.put(ticket.expires_at, ticket.job_id)
    deps.database.run(lambda connection: _register(connection, parent, ticket, rows))
    try:
        # The ticket's encoding and delimiter override the contract's.
        deps.state.tickets.put(ticket)
        with storage_reached():
            deps.s3.put_object(Bucket=ticket.bucket, Key=ticket.key, Body=content)
    except Retryable:
        # Free the rejects, so that the client can retry at once.
        deps.database.run(lambda connection: Jobs(connection).cancel(ticket.job_id))
        raise
    return ticket.job_id


def _record(values: Fields, row: CorrectedReject, personal: Set[str]) -> Fields:
    """The reject with its corrections, without columns that neither of them has."""
    corrections = {
        name: value
        for name, value in row.fields.items()
        # The CSV export has every column of the dataset, also those that the file lacked.
        if (value is not None or name in values or not row.is_csv)
        # What the export masked, and nobody changed, is as it was.
        and not (value == MASK and name in personal)
    }
    return {**values, **corrections}


def _stored_values(deps: Deps, parent: UUID, rows: Sequence[CorrectedReject]) -> dict[UUID, Fields]:
    """The values of the rejects, by id."""
    ids = [row.reject_id for row in rows]
    stored = deps.database.run(lambda connection: Rejects(connection).values_of(parent, ids))
    errors = [
        FieldError(
            pointer=f"/rows/{row}/{REJECT_ID}",
            code="no-such-reject",
            message=f"{reject_id} is not a remaining reject of this job.",
        )
        for row, reject_id in enumerate(ids)
        if reject_id not in stored
    ]
    if errors:
        detail = f"{len(errors)} ids are not remaining rejects of this job."
        raise Rejected("not-replayable", detail, errors)
    return stored


def _register(
    connection: Connection, parent: UUID, ticket: Ticket, rows: Sequence[CorrectedReject]
) -> None:
    # This may run twice, if the connection is lost during the commit.
    if Jobs(connection).state_of(ticket.job_id) is None:
        ids = [row.reject_id for row in rows]
        Session(connection).act_as(ticket.caller)
        Rejects(connection).register_replay(parent, ticket.job_id, ids)


def _file(
    deps: Deps, contract: Contract, records: Sequence[Fields], caller: Caller
) -> tuple[Ticket, bytes]:
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
        is_replay=True,
        created_by=caller.subject,
        created_from=caller.source,
        created_at=now,
        expires_at=now + _HOUR,
        bucket=deps.settings.landing_bucket,
        key=key_for(contract.name, job_id, name),
    )
    return ticket, content


def csv_lines(contract: Contract, delimiter: str, records: Sequence[Fields]) -> bytes:
    """The records as a file of the dataset, with every text quoted so that it is not trimmed.

    Like the file that the records were in, it has no column that none of them has, so that such
    a column keeps its value or gets its default. Without a header every column has its place.
    """
    present = set().union(*records)
    names = [
        column.name
        for column in contract.columns
        if column.name in present or column.required or contract.header == "absent"
    ]
    lines = [[record.get(name) for name in names] for record in records]
    if contract.header != "absent":
        lines.insert(0, [*names])
    return "".join(f"{delimiter.join(map(_quoted, line))}\r\n" for line in lines).encode()


def _quoted(text: str | None) -> str:
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def _with_values(record: Fields, nested: Set[str]) -> dict[str, Any]:
    """The record with the values of columns of JSON, of which the fields are the text."""
    values: dict[str, Any] = dict(record)
    for name in nested & record.keys():
        text = record[name]
        # What is no JSON is refused again, with the reason.
        with suppress(JsonError):
            values[name] = None if text is None else parse_json(text)
    return values


def json_lines(contract: Contract, records: Sequence[Fields]) -> bytes:
    """The records as JSON Lines; of a dataset of documents, the documents themselves."""
    if contract.document is not None:
        texts = [record.get(contract.document) or "null" for record in records]
    else:
        nested = {column.name for column in contract.columns if column.kind in _JSON_KINDS}
        texts = [format_json(_with_values(record, nested)) for record in records]
    # Inside strings line breaks are escaped; the others are white space.
    return "".join(f"{_BREAKS.sub(' ', text)}\n" for text in texts).encode()
