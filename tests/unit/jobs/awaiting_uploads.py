"""Requested uploads whose files have not arrived."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from tests.unit.http.api_client import LANDING, STATE
from waybill.ids import new_id
from waybill.state.bucket import StateBucket
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def issue_ticket(s3: "S3Client", *, minutes_left: int = 60, dataset: str = "departments") -> UUID:
    """Write a ticket that expires in `minutes_left`; the job's id."""
    job_id = new_id()
    now = datetime.now(UTC)
    ticket = Ticket(
        job_id=job_id,
        dataset=dataset,
        filename="a.csv",
        size_bytes=9,
        created_at=now,
        expires_at=now + timedelta(minutes=minutes_left),
        bucket=LANDING,
        key=f"landing/{dataset}/{job_id}/a.csv",
    )
    StateBucket(s3, STATE).tickets.put(ticket)
    return job_id
