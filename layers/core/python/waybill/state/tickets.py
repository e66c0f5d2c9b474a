"""Upload tickets: what the upload door promised, kept where the database is not needed.

A ticket is `tickets/{job_id}.json` in the state bucket, so that it is found by the job's id alone.
It is written before the client learns the address, hence no object can land without one.
"""

import re
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from waybill.clients import read_object, storage_reached

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "tickets/"
_KEY = re.compile(re.escape(PREFIX) + r"([0-9a-f-]{36})\.json")


class Ticket(BaseModel):
    """What a client announced, and the key it was given."""

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
    created_at: datetime
    expires_at: datetime
    bucket: str
    key: str
    upload_id: str | None = None
    """Of the multipart upload, if it is one."""


def ticket_key(job_id: UUID) -> str:
    """The ticket's key in the state bucket."""
    return f"{PREFIX}{job_id}.json"


def job_of_key(key: str) -> UUID | None:
    """The job whose ticket has this key, if the key is one of a ticket."""
    match = _KEY.fullmatch(key)
    return UUID(match[1]) if match else None


def put_ticket(s3: "S3Client", bucket: str, ticket: Ticket) -> None:
    """Write the ticket.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    with storage_reached():
        s3.put_object(
            Bucket=bucket,
            Key=ticket_key(ticket.job_id),
            Body=ticket.model_dump_json().encode(),
            ContentType="application/json",
        )


def find_ticket(s3: "S3Client", bucket: str, job_id: UUID) -> Ticket | None:
    """The ticket of the job, None if there is none.

    Raises:
        Unavailable: S3 cannot be reached.
    """
    body = read_object(s3, bucket, ticket_key(job_id))
    return None if body is None else Ticket.model_validate_json(body)
