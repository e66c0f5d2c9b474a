"""Clients and settings, kept for the life of the process."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from functions.api.metrics.settings import ShowMetricsSettings
from waybill.clients import s3_client, sqs_client
from waybill.metrics.stored import StoredMetrics

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class Deps(NamedTuple):
    """The kept metrics, SQS and the URLs of the queues by name."""

    stored: StoredMetrics
    sqs: "SQSClient"
    queues: Mapping[str, str]


@cache
def deps() -> Deps:
    """The dependencies of the metrics endpoint."""
    settings = ShowMetricsSettings.from_environment()
    return Deps(
        StoredMetrics(s3_client(), settings.state_bucket),
        sqs_client(),
        {
            "landed": settings.landed_queue_url,
            "chunks": settings.chunks_queue_url,
            "merges": settings.merges_queue_url,
            "extracts": settings.extracts_queue_url,
            "landed-dlq": settings.landed_dlq_url,
            "chunks-dlq": settings.chunks_dlq_url,
            "merges-dlq": settings.merges_dlq_url,
            "extracts-dlq": settings.extracts_dlq_url,
            "undelivered-dlq": settings.undelivered_dlq_url,
        },
    )
