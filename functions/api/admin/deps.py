"""Clients and settings, kept for the life of the process."""

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.admin.models import QueueName
from functions.api.admin.redrive_messages import QueuePair
from functions.api.admin.settings import AdminSettings
from waybill.clients import s3_client
from waybill.state.bucket import StateBucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Deps(NamedTuple):
    """S3, the settings and the queues with their dead-letter queues."""

    s3: "S3Client"
    settings: AdminSettings
    queues: dict[QueueName, QueuePair]
    state: StateBucket


@cache
def deps() -> Deps:
    """The dependencies of the admin endpoints."""
    settings = AdminSettings.from_environment()
    queues: dict[QueueName, QueuePair] = {
        "landed": QueuePair(settings.landed_queue_url, settings.landed_dlq_url),
        "chunks": QueuePair(settings.chunks_queue_url, settings.chunks_dlq_url),
        "merges": QueuePair(settings.merges_queue_url, settings.merges_dlq_url),
        "extracts": QueuePair(settings.extracts_queue_url, settings.extracts_dlq_url),
    }
    return Deps(s3_client(), settings, queues, StateBucket(s3_client(), settings.state_bucket))
