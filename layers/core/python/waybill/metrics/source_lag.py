"""The lag of each source, computed from when it was last read; needs no database."""

import time
from collections.abc import Sequence

from waybill.metrics.catalogue import (
    SOURCE_FRESH_TIME,
    SOURCE_LAG,
    SOURCE_LATE_AFTER,
    SOURCES_LATE,
)
from waybill.metrics.embedded import write_embedded
from waybill.metrics.registry import Series

SOURCE = "source"
"""The dimension of a source in CloudWatch."""


def source_lags(figures: Sequence[Series]) -> list[Series]:
    """The lag of every source now, and how many sources are late."""
    now = time.time()
    lags = {
        series.labels: max(0.0, now - series.value)
        for series in figures
        if series.metric == SOURCE_FRESH_TIME
    }
    late = sum(lag > limit for labels, limit in _limits(figures) if (lag := lags.get(labels)))
    return [
        *(Series(SOURCE_LAG, labels, lag) for labels, lag in lags.items()),
        Series(SOURCES_LATE, (), float(late)),
    ]


def write_source_lags(figures: Sequence[Series]) -> None:
    """Write the lags to the log: of the sources that can be late, since CloudWatch bills each."""
    limited = {labels for labels, _ in _limits(figures)}
    for series in source_lags(figures):
        if series.metric == SOURCES_LATE:
            write_embedded({SOURCES_LATE: series.value})
        elif series.labels in limited:
            write_embedded({SOURCE_LAG: series.value}, **{SOURCE: series.labels[0]})


def _limits(figures: Sequence[Series]) -> list[tuple[tuple[str, ...], float]]:
    return [(each.labels, each.value) for each in figures if each.metric == SOURCE_LATE_AFTER]
