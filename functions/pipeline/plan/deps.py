"""What the verbs of the step work with."""

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import psycopg

from functions.pipeline.plan.settings import PlanSettings
from waybill.landing.objects import ObjectRef
from waybill.state.tickets import Ticket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Step(NamedTuple):
    """A connection in autocommit, S3, and the step's settings."""

    connection: psycopg.Connection[tuple[Any, ...]]
    s3: "S3Client"
    settings: PlanSettings


class LandedJob(NamedTuple):
    """A job whose object is there; without a ticket when nobody announced it."""

    job_id: UUID
    dataset: str
    ref: ObjectRef
    ticket: Ticket | None
