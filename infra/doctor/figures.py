"""Reads `GET /metrics` as the alarms would: which figures are at their thresholds."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from infra.thresholds import THRESHOLDS
from waybill.metrics import catalogue
from waybill.metrics.catalogue import Metric

_LINE = re.compile(r"(\w+)(?:\{(.*)\})? (\S+)")
_DEAD_LETTERS = re.compile(r'queue="([a-z]+-dlq)"')
_PERCENT = 100
# Figures of the moment; what is counted has no time here.
RUNBOOKS: Mapping[Metric, str] = MappingProxyType(
    {
        catalogue.JOBS_STUCK: "jobs-not-moving",
        catalogue.REFRESH_LAG: "refresh-lag",
        catalogue.BLOAT: "table-bloat",
        catalogue.CONNECTION_USE: "connections",
        catalogue.SOURCES_LATE: "sources-late",
        catalogue.LAKE_STUCK: "lake-failed",
    }
)
DEAD_LETTERS = "dead-letters"


def raised(text: str) -> Iterator[tuple[str, str]]:
    """What is at its threshold, with the name of its runbook.

    Args:
        text: metrics in Prometheus' format.
    """
    watched = {metric.name: metric for metric in RUNBOOKS}
    for name, labels, value in _LINE.findall(text):
        if name == catalogue.QUEUE_MESSAGES.name:
            dead = _DEAD_LETTERS.search(labels)
            if dead and float(value) > 0:
                yield f"{dead[1]}: {float(value):.0f} messages", DEAD_LETTERS
        elif name in watched:
            metric = watched[name]
            figure = float(value) * (_PERCENT if metric.unit == "Percent" else 1)
            if figure >= THRESHOLDS[metric]:
                place = f"{{{labels}}}" if labels else ""
                yield f"{name}{place} {float(value):g}", RUNBOOKS[metric]
