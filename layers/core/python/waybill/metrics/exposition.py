"""Prometheus' text format, version 0.0.4."""

from collections.abc import Iterator, Mapping, Sequence

from waybill.metrics.catalogue import METRICS, Metric
from waybill.metrics.registry import Series
from waybill.metrics.stored import Source

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def exposition(sources: Sequence[Source]) -> str:
    """All series, grouped by metric; those of processes have the labels `function`, `process`."""
    return "".join(f"{line}\n" for metric in METRICS for line in _family(metric, sources))


def _family(metric: Metric, sources: Sequence[Source]) -> Iterator[str]:
    found = [
        (_process(source), series)
        for source in sources
        for series in source.series
        if series.metric == metric
    ]
    if found:
        yield f"# HELP {metric.name} {metric.help}"
        yield f"# TYPE {metric.name} {metric.kind}"
    for process, series in found:
        labels = {**dict(zip(metric.labels, series.labels, strict=True)), **process}
        if metric.kind == "histogram":
            yield from _histogram(series, labels)
        else:
            yield f"{metric.name}{_labels(labels)} {series.value!r}"


def _process(source: Source) -> Mapping[str, str]:
    if not source.process:
        return {}
    return {"function": source.function, "process": source.process}


def _histogram(series: Series, labels: Mapping[str, str]) -> Iterator[str]:
    name, total = series.metric.name, 0
    for bound, count in zip((*series.metric.buckets, "+Inf"), series.buckets, strict=True):
        total += count
        yield f"{name}_bucket{_labels({**labels, 'le': str(bound)})} {total}"
    yield f"{name}_sum{_labels(labels)} {series.value!r}"
    yield f"{name}_count{_labels(labels)} {total}"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""
