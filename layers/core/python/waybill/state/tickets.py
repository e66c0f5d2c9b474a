"""Upload tickets, `tickets/{job_id}.json`: an upload request, found by the job's id alone.

A ticket is written before the client receives the upload URL, so no object can arrive without one.
"""

import re
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from waybill.callers import Caller
from waybill.clients import read_object, storage_reached
from waybill.sources.extraction import Outcome

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PREFIX = "tickets/"
_KEY = re.compile(re.escape(_PREFIX) + r"([0-9a-f-]{36})\.json")


class Ticket(BaseModel):
    """An upload request, and the key of its object."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    job_id: UUID
    dataset: str
    filename: str
    size_bytes: int
    sha256: str | None = None
    """Hexadecimal, of the whole file."""
    delimiter: str | None = None
    encoding: str | None = None
    """`utf-8`, `iso-8859-1`, `windows-1252` or `utf-16`; None: as the contract says."""
    dry_run: bool = False
    standard_quotes: bool = False
    """Whether fields are quoted as RFC 4180 says, whatever the contract says."""
    is_replay: bool = False
    """Every record of the file is one of its rejects, also a blank one."""
    created_at: datetime
    expires_at: datetime
    bucket: str
    key: str
    created_by: str | None = None
    """Subject of the token that asked for the upload."""
    created_from: str | None = None
    """Address that the request came from."""
    upload_id: str | None = None
    """Of the multipart upload, if it is one."""

    extraction: Outcome | None = None
    """What a run of a source has done, if the file is one."""

    @property
    def caller(self) -> Caller | None:
        """Who asked for the upload."""
        return Caller(self.created_by, self.created_from) if self.created_by else None


class Tickets:
    """The upload tickets. Every method raises `Unavailable` when S3 cannot be reached."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def put(self, ticket: Ticket) -> None:
        """Write the ticket."""
        with storage_reached():
            self._s3.put_object(
                Bucket=self._bucket,
                Key=ticket_key(ticket.job_id),
                Body=ticket.model_dump_json().encode(),
                ContentType="application/json",
            )

    def find(self, job_id: UUID) -> Ticket | None:
        """The ticket of the job, None if there is none."""
        body = read_object(self._s3, self._bucket, ticket_key(job_id))
        return None if body is None else Ticket.model_validate_json(body)


def ticket_key(job_id: UUID) -> str:
    """The ticket's key in the state bucket."""
    return f"{_PREFIX}{job_id}.json"


def job_of_ticket(key: str) -> UUID | None:
    """The job whose ticket has this key; None if it is not the key of a ticket."""
    match = _KEY.fullmatch(key)
    return UUID(match[1]) if match else None
