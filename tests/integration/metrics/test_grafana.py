"""Every query of the Grafana dashboard has series in a real Prometheus."""

import itertools
import re
from pathlib import Path

import pytest

from infra.grafana.panels import rows
from infra.objectives import SERVED_PERCENT
from tests.integration.metrics.prometheus_server import ask, prometheus, serving
from waybill.metrics.catalogue import METRICS, Metric
from waybill.metrics.exposition import exposition
from waybill.metrics.registry import Series
from waybill.metrics.stored import Source

# One failure in a thousand, of requests and of jobs.
_EACH_READ = {"waybill_http_requests_total": (999, 1), "waybill_jobs_total": (1000,)}
_LABELS = {
    "step": ("plan", "load", "merge", "extract"),
    "status": ("200", "503"),
    "result": ("hit", "done"),
    "queue": ("landed", "chunks", "merges", "extracts", "merges-dlq"),
}


def series_of(metric: Metric, reads: int) -> list[Series]:
    """A series for each combination of labels, growing with each read."""
    values = [_LABELS.get(label, ("x",)) for label in metric.labels]
    if metric == _by_name("waybill_jobs_given_up_total"):
        values = [("load",)]
    made = []
    for place, labels in enumerate(itertools.product(*values)):
        amounts = _EACH_READ.get(metric.name, (1,))
        buckets = (reads,) * (len(metric.buckets) + 1) if metric.buckets else ()
        made.append(Series(metric, labels, reads * amounts[place % len(amounts)], buckets))
    return made


def _by_name(name: str) -> Metric:
    (found,) = (metric for metric in METRICS if metric.name == name)
    return found


def expressions() -> list[str]:
    return [
        query.expression.replace("$__rate_interval", "1m")
        for row in rows().values()
        for panel in row
        for query in panel.queries
    ]


def test_every_metric_is_shown_and_no_other() -> None:
    text = " ".join(expressions())
    named = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"waybill_\w+", text)}
    assert named == {metric.name for metric in METRICS}


def test_every_query_has_series(tmp_path: Path) -> None:
    reads = itertools.count(1)

    def text() -> str:
        number = next(reads)
        counted = [each for metric in METRICS for each in series_of(metric, number)]
        return exposition([Source("jobs", "p1", counted)])

    with serving(text) as target, prometheus(tmp_path, target) as port:
        for expression in expressions():
            assert ask(port, expression), expression
        (served,), (left,), *_ = (ask(port, one) for one in expressions()[:4])
    assert float(served["value"][1]) == pytest.approx(SERVED_PERCENT)
    assert float(left["value"][1]) == pytest.approx(0, abs=0.01)


def test_failures_count_that_a_process_had_counted_when_it_was_first_read(tmp_path: Path) -> None:
    requests, jobs = _by_name("waybill_http_requests_total"), _by_name("waybill_jobs_total")
    migrations = _by_name("waybill_migrations_failed_total")
    # Each was read once it had ended: its counters never grow.
    ended = [
        Source("jobs", "p1", [Series(requests, ("/jobs", "GET", "200"), 999)]),
        Source("jobs", "p2", [Series(requests, ("/jobs", "GET", "503"), 1)]),
        Source("publish", "p3", [Series(jobs, ("departments", "COMPLETED"), 5)]),
        Source("migrate", "p4", [Series(migrations, (), 1)]),
    ]
    failed = [one for one in expressions() if "migrations_failed" in one]
    with serving(lambda: exposition(ended)) as target, prometheus(tmp_path, target) as port:
        assert ask(port, "waybill_jobs_total")
        shown = [float(ask(port, one)[0]["value"][1]) for one in (*expressions()[:4], *failed)]
    assert shown == pytest.approx([SERVED_PERCENT, 0, 100, 100, 1], abs=0.01)
