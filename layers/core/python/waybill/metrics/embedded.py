"""Metrics in the log, in CloudWatch's embedded format: CloudWatch makes metrics of the lines."""

import os
from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from waybill.metrics.catalogue import Metric

NAMESPACE = "Waybill"
DIMENSION = "environment"


def environment_name() -> str:
    """The environment of this function: `prod` of `waybill-prod-merge`."""
    _, _, rest = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "waybill-local-").partition("-")
    return rest.partition("-")[0]


def write_embedded(values: Mapping[Metric, float], **dimensions: str) -> None:
    """Write one line with these metrics, those without a name in CloudWatch left out.

    `dimensions` are added to that of the environment: each value of one is a metric of its own.
    """
    named = {metric: value for metric, value in values.items() if metric.cloudwatch}
    if not named:
        return
    line = EphemeralMetrics(namespace=NAMESPACE)
    # It would add a dimension, and an alarm reads only metrics with exactly its own.
    line.service = ""
    for name, dimension in {DIMENSION: environment_name(), **dimensions}.items():
        line.add_dimension(name=name, value=dimension)
    for metric, value in named.items():
        line.add_metric(name=str(metric.cloudwatch), unit=MetricUnit(metric.unit), value=value)
    line.flush_metrics()
