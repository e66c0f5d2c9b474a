"""Replay corrected rejects: a new file, directly after the original in landing order."""

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime, timedelta
from uuid import UUID

from functions.api.jobs.deps import Deps
from functions.api.jobs.models import REJECT_ID
from functions.api.jobs.parse_replay import CorrectedReject
from functions.api.jobs.replay_files import (
    delimiter_of,
    is_json,
    replay_archive_file,
    replay_file,
)
from waybill.callers import Caller
from waybill.clients import storage_reached
from waybill.contract.model import Contract
from waybill.database.jobs import Jobs
from waybill.database.rejects import Fields, Rejects, RejectValues, Replay
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import FieldError, Rejected, Retryable
from waybill.ids import new_id
from waybill.landing.keys import key_for
from waybill.masking import MASK
from waybill.state.tickets import Ticket

_HOUR = timedelta(hours=1)


def replay_job(
    deps: Deps,
    parent: UUID,
    contract: Contract,
    rows: Sequence[CorrectedReject],
    *,
    caller: Caller,
) -> UUID:
    """Land the corrected rejects as a file; the id of the job that loads it.

    Of an archive the file is an archive too, with a file for each member that has one of them.

    Raises:
        NotFound: `unknown-job`.
        Rejected: `not-replayable`, ids that are not remaining rejects of the job.
        Unavailable: the database or S3 cannot be reached; the rejects remain.
    """
    place = deps.database.run(lambda connection: Jobs(connection).archive_place(parent))
    is_archive = place is not None and place.is_archive
    stored = deps.database.run(lambda found: _stored(Rejects(found), parent, rows, is_archive))
    _check_remaining(rows, stored)
    members = _by_member(rows, stored)
    files = [_records(contract, corrected, stored) for corrected in members.values()]
    ids = [row.reject_id for row in rows]
    if is_archive:
        content, name = replay_archive_file(contract, files), "replay.zip"
        replay = Replay(parent, ids, [job_id or parent for job_id in members])
    else:
        content = replay_file(contract, files[0])
        name = "replay.jsonl" if is_json(contract) else "replay.csv"
        replay = Replay(parent, ids)
    ticket = _ticket(deps, contract, name, len(content), caller)
    _land(deps, replay, ticket, content)
    return ticket.job_id


def _land(deps: Deps, replay: Replay, ticket: Ticket, content: bytes) -> None:
    """Register the job, and write its object: what follows is done by the event of that."""
    # Before the ticket: if this function is killed in between, the reaper frees the rejects.
    deps.state.deadlines.put(ticket.expires_at, ticket.job_id)
    deps.database.run(lambda connection: _register(connection, replay, ticket))
    try:
        # The ticket's encoding, delimiter and quotes override the contract's.
        deps.state.tickets.put(ticket)
        with storage_reached():
            deps.s3.put_object(Bucket=ticket.bucket, Key=ticket.key, Body=content)
    except Retryable:
        # Free the rejects, so that the client can retry at once.
        deps.database.run(lambda connection: Jobs(connection).cancel(ticket.job_id))
        raise


def _stored(
    rejects: Rejects, parent: UUID, rows: Sequence[CorrectedReject], is_archive: bool
) -> dict[UUID, RejectValues]:
    ids = [row.reject_id for row in rows]
    if is_archive:
        return rejects.values_of_members(parent, ids)
    return rejects.values_of(parent, ids)


def _by_member(
    rows: Sequence[CorrectedReject], stored: Mapping[UUID, RejectValues]
) -> dict[UUID | None, list[CorrectedReject]]:
    """The rows by the job of the archive's member, in its order; all under None without one."""
    members: dict[UUID | None, list[CorrectedReject]] = {}
    for row in sorted(rows, key=lambda row: stored[row.reject_id].position):
        members.setdefault(stored[row.reject_id].job_id, []).append(row)
    return members


def _records(
    contract: Contract, rows: Sequence[CorrectedReject], stored: Mapping[UUID, RejectValues]
) -> list[Fields]:
    """The corrected rejects, in the order of the request."""
    personal = frozenset(contract.personal)
    return [_record(stored[row.reject_id].values or {}, row, personal) for row in rows]


def _record(values: Fields, row: CorrectedReject, personal: Set[str]) -> Fields:
    """The reject with its corrections, without columns that neither of them has."""
    corrections = {
        name: value
        for name, value in row.fields.items()
        # The CSV export has every column of the dataset, also those that the file lacked.
        if (value is not None or name in values or not row.is_csv)
        # What the export masked, and nobody changed, is as it was.
        and not (value == MASK and name in personal)
        # Nor what it has as it was: the rules of an unquoted field would trim it.
        and not (row.is_csv and row.cells.get(name) == values.get(name))
    }
    return {**values, **corrections}


def _check_remaining(rows: Sequence[CorrectedReject], stored: Mapping[UUID, RejectValues]) -> None:
    errors = [
        FieldError(
            pointer=f"/rows/{number}/{REJECT_ID}",
            code="no-such-reject",
            message=f"{row.reject_id} is not a remaining reject of this job.",
        )
        for number, row in enumerate(rows)
        if row.reject_id not in stored
    ]
    if errors:
        detail = f"{len(errors)} ids are not remaining rejects of this job."
        raise Rejected("not-replayable", detail, errors)


def _register(connection: Connection, replay: Replay, ticket: Ticket) -> None:
    # This may run twice, if the connection is lost during the commit.
    if Jobs(connection).state_of(ticket.job_id) is None:
        Session(connection).act_as(ticket.caller)
        Rejects(connection).register_replay(replay, ticket.job_id)


def _ticket(deps: Deps, contract: Contract, name: str, size: int, caller: Caller) -> Ticket:
    job_id, now = new_id(), datetime.now(UTC)
    return Ticket(
        job_id=job_id,
        dataset=contract.name,
        filename=name,
        size_bytes=size,
        delimiter=delimiter_of(contract),
        encoding="utf-8",
        standard_quotes=True,
        is_replay=True,
        created_by=caller.subject,
        created_from=caller.source,
        created_at=now,
        expires_at=now + _HOUR,
        bucket=deps.settings.landing_bucket,
        key=key_for(contract.name, job_id, name),
    )
