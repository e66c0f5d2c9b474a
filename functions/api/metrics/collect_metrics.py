"""Collect all metrics without the database."""

from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from functions.api.metrics.deps import Deps
from waybill.errors import Unavailable
from waybill.metrics.catalogue import QUEUE_IN_FLIGHT, QUEUE_MESSAGES
from waybill.metrics.exposition import exposition
from waybill.metrics.registry import Series
from waybill.metrics.source_lag import source_lags
from waybill.metrics.stored import Source

_WAITING: Final = "ApproximateNumberOfMessages"
_IN_FLIGHT: Final = "ApproximateNumberOfMessagesNotVisible"


def collect_metrics(deps: Deps) -> str:
    """What processes and the database's last figures say, and the queues now.

    Raises:
        Unavailable: S3 or SQS cannot be reached.
    """
    stored = deps.stored.read()
    lags = source_lags([series for source in stored for series in source.series])
    return exposition([*stored, Source("", "", [*lags, *_queues(deps)])])


def _queues(deps: Deps) -> list[Series]:
    try:
        depths = {name: _depth(deps, url) for name, url in deps.queues.items()}
    except (ClientError, BotoCoreError) as error:
        raise Unavailable("queue-unavailable", "The queues cannot be reached.") from error
    return [
        Series(metric, (name,), depth[attribute])
        for metric, attribute in ((QUEUE_MESSAGES, _WAITING), (QUEUE_IN_FLIGHT, _IN_FLIGHT))
        for name, depth in depths.items()
    ]


def _depth(deps: Deps, url: str) -> dict[str, float]:
    found = deps.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[_WAITING, _IN_FLIGHT])
    return {name: float(value) for name, value in found["Attributes"].items()}
