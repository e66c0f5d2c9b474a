"""Count and observe: in the process, and in the log where CloudWatch has the metric."""

import os
import secrets
import time

from botocore.exceptions import BotoCoreError, ClientError

from waybill import telemetry
from waybill.clients import s3_client
from waybill.metrics.catalogue import Metric
from waybill.metrics.embedded import write_embedded
from waybill.metrics.registry import Registry
from waybill.metrics.stored import StoredMetrics
from waybill.settings import MetricsSettings

REGISTRY = Registry()
PROCESS = secrets.token_hex(4)
"""Names this process among those of its function."""
_PERCENT = 100


def count(metric: Metric, value: float = 1, **labels: str) -> None:
    """Add `value` to a counter."""
    REGISTRY.count(metric, value, labels)
    write_embedded({metric: value})


def observe(metric: Metric, value: float, **labels: str) -> None:
    """Add an observation to a histogram; a share is between 0 and 1."""
    REGISTRY.observe(metric, value, labels)
    write_embedded({metric: in_unit(metric, value)})


def in_unit(metric: Metric, value: float) -> float:
    """The value as CloudWatch has it: shares are percentages there."""
    return value * _PERCENT if metric.unit == "Percent" else value


class _Flush:
    """When the metrics of this process were last kept."""

    def __init__(self) -> None:
        self.due = 0.0

    def run(self, settings: MetricsSettings) -> None:
        if not settings.metrics_bucket or time.monotonic() < self.due:
            return
        self.due = time.monotonic() + settings.metrics_seconds
        function = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-")[2]
        try:
            StoredMetrics(s3_client(), settings.metrics_bucket).put(
                PROCESS, function, REGISTRY.series()
            )
        except (ClientError, BotoCoreError) as error:
            # Metrics must not fail the work that they count.
            telemetry.action("metrics.unwritten", level="warning", detail=str(error))


_FLUSH = _Flush()


def flush_soon() -> None:
    """Keep the metrics at the end of this invocation, whenever they were last kept.

    For what is rare: the process may not be called again.
    """
    _FLUSH.due = 0.0


def flush_metrics() -> None:
    """Keep the metrics of this process, at the end of an invocation and at most so often.

    The first invocation keeps them at once, so that a process that serves one is seen.
    """
    _FLUSH.run(MetricsSettings.from_environment())
