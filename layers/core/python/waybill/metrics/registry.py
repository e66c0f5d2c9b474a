"""What this process has counted since it started."""

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from waybill.metrics.catalogue import BY_NAME, Metric


class Series(NamedTuple):
    """A metric with its labels' values. A histogram has a count per bucket, not cumulative."""

    metric: Metric
    labels: tuple[str, ...]
    value: float
    """The value; a histogram's sum."""
    buckets: tuple[int, ...] = ()
    """Observations per bucket, the last one beyond every bound."""

    def as_json(self) -> list[Any]:
        """The series as it is stored."""
        return [self.metric.name, list(self.labels), self.value, list(self.buckets)]

    @classmethod
    def from_json(cls, stored: Any) -> "Series | None":  # noqa: ANN401 - whatever is stored
        """A stored series; None for one that is damaged, or as only another release knows it."""
        try:
            name, labels, value, buckets = stored
            metric = BY_NAME[name]
            series = cls(metric, tuple(map(str, labels)), float(value), tuple(map(int, buckets)))
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return None
        expected = len(metric.buckets) + 1 if metric.buckets else len(series.buckets)
        fits = len(series.labels) == len(metric.labels) and len(series.buckets) == expected
        return series if fits else None


class Registry:
    """Counters and histograms by metric and labels."""

    def __init__(self) -> None:
        # Keeps sums complete where threads of one invocation count at the same time.
        self._lock = threading.Lock()
        self._series: dict[tuple[str, tuple[str, ...]], Series] = {}

    def count(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Add to a counter."""
        with self._lock:
            series = self._found(metric, labels)
            self._series[metric.name, series.labels] = series._replace(value=series.value + value)

    def observe(self, metric: Metric, value: float, labels: Mapping[str, str]) -> None:
        """Add an observation to a histogram."""
        place = sum(value > bound for bound in metric.buckets)
        with self._lock:
            series = self._found(metric, labels)
            buckets = list(series.buckets)
            buckets[place] += 1
            self._series[metric.name, series.labels] = series._replace(
                value=series.value + value, buckets=tuple(buckets)
            )

    def _found(self, metric: Metric, labels: Mapping[str, str]) -> Series:
        values = tuple(str(labels[name]) for name in metric.labels)
        empty = (0,) * (len(metric.buckets) + 1) if metric.buckets else ()
        return self._series.get((metric.name, values)) or Series(metric, values, 0.0, empty)

    def series(self) -> list[Series]:
        """Everything counted so far."""
        with self._lock:
            return list(self._series.values())

    def clear(self) -> None:
        """Forget everything; for tests."""
        with self._lock:
            self._series.clear()
