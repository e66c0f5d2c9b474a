"""Series are counted in the process, kept in the bucket and shown as Prometheus text."""

from typing import TYPE_CHECKING

import pytest

from tests.unit.http.api_client import STATE
from waybill import telemetry
from waybill.metrics import record
from waybill.metrics.catalogue import (
    CONNECTIONS,
    FIGURES_TIME,
    JOBS_GIVEN_UP,
    METRICS,
    REQUEST_SECONDS,
    REQUESTS,
    ROWS_INGESTED,
    Metric,
)
from waybill.metrics.exposition import exposition
from waybill.metrics.registry import Registry, Series
from waybill.metrics.stored import Source, StoredMetrics
from waybill.outbox.job_metrics import record_job_end
from waybill.settings import MetricsSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LABELS = {"endpoint": "/jobs", "method": "GET"}


def test_a_counter_adds_up_by_its_labels() -> None:
    registry = Registry()
    for status in ("200", "200", "503"):
        registry.count(REQUESTS, 1, {**LABELS, "status": status})
    text = exposition([Source("jobs", "p1", registry.series())])
    assert text.splitlines() == [
        "# HELP waybill_http_requests_total Requests.",
        "# TYPE waybill_http_requests_total counter",
        'waybill_http_requests_total{endpoint="/jobs",method="GET",status="200",'
        'function="jobs",process="p1"} 2.0',
        'waybill_http_requests_total{endpoint="/jobs",method="GET",status="503",'
        'function="jobs",process="p1"} 1.0',
    ]


def test_the_buckets_of_a_histogram_are_cumulative() -> None:
    registry = Registry()
    for seconds in (0.005, 0.006, 31.0):
        registry.observe(REQUEST_SECONDS, seconds, LABELS)
    lines = exposition([Source("jobs", "p1", registry.series())]).splitlines()
    counts = [line.rpartition(" ")[2] for line in lines if "_bucket" in line]
    assert counts == ["1", *["2"] * 11, "3"]
    assert lines[2].startswith("waybill_http_request_seconds_bucket{")
    assert 'le="0.005"' in lines[2]
    assert 'le="+Inf"' in lines[-3]
    assert lines[-1].endswith("} 3")


def test_label_values_are_escaped() -> None:
    series = Series(CONNECTIONS, ('a"b\\c\nd',), 1.0)
    assert r'{role="a\"b\\c\nd"} 1.0' in exposition([Source("", "", [series])])


def test_names_follow_the_conventions_of_prometheus() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    for metric in METRICS:
        assert metric.name.startswith("waybill_")
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert bool(metric.buckets) == (metric.kind == "histogram")


def test_what_processes_keep_is_read_again(aws: "S3Client") -> None:
    stored = StoredMetrics(aws, STATE)
    registry = Registry()
    registry.observe(REQUEST_SECONDS, 0.02, LABELS)
    stored.put("p1", "jobs", registry.series())
    figures = [Series(CONNECTIONS, ("waybill_load",), 3.0), Series(FIGURES_TIME, (), 7.5)]
    stored.put_database(figures)
    database, process = sorted(stored.read())
    assert process == Source("jobs", "p1", registry.series())
    assert database.series == figures


@pytest.mark.parametrize(
    "series",
    [
        ["waybill_gone_total", [], 1.0, []],
        [CONNECTIONS.name, ["a", "b"], 1.0, []],
        [REQUEST_SECONDS.name, ["a", "b"], 1.0, [1, 2]],
        [CONNECTIONS.name, ["a"], 1.0],
        [CONNECTIONS.name, ["a"], 1.0, [], "seconds"],
        [CONNECTIONS.name, ["a"], None, []],
        [[], ["a"], 1.0, []],
        None,
    ],
)
def test_series_of_another_release_are_left_out(series: object) -> None:
    assert Series.from_json(series) is None


def test_a_process_keeps_its_metrics_at_once_and_then_at_most_so_often(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch
) -> None:
    flush = record._Flush()
    settings = MetricsSettings(metrics_bucket=STATE, metrics_seconds=3600)
    registry = Registry()
    monkeypatch.setattr(record, "REGISTRY", registry)
    for _ in range(2):
        registry.count(REQUESTS, 1, {**LABELS, "status": "200"})
        flush.run(settings)
    (source,) = StoredMetrics(aws, STATE).read()
    assert [series.value for series in source.series] == [1.0]
    flush.run(settings.model_copy(update={"metrics_seconds": 0}))
    flush.due = 0.0
    flush.run(settings)
    (source,) = StoredMetrics(aws, STATE).read()
    assert [series.value for series in source.series] == [2.0]


@pytest.mark.parametrize(("step", "kept_now"), [("merge", True), ("", False)])
def test_the_end_of_a_job_is_kept_at_once_by_a_step_and_later_by_the_api(
    aws: "S3Client", monkeypatch: pytest.MonkeyPatch, step: str, kept_now: bool
) -> None:
    monkeypatch.setenv("METRICS_BUCKET", STATE)
    monkeypatch.setattr(record, "REGISTRY", Registry())
    monkeypatch.setattr(record, "_FLUSH", record._Flush())
    monkeypatch.setitem(telemetry._current, "step", step)
    record.flush_metrics()
    records = {"read": 3, "loaded": 2, "rejected": 1}
    end = {"dataset": "a", "state": "COMPLETED", "seconds": 1.0, "records": records}
    record_job_end(end)
    record.flush_metrics()
    kept = [one for source in StoredMetrics(aws, STATE).read() for one in source.series]
    assert [one.value for one in kept if one.metric == ROWS_INGESTED] == [2] * kept_now
    assert [one.value for one in kept if one.metric == JOBS_GIVEN_UP] == [0] * kept_now
    # Of the API, too, once 30 seconds are over.
    monkeypatch.setenv("METRICS_SECONDS", "0")
    record._FLUSH.due = 0.0
    record.flush_metrics()
    kept = [one for source in StoredMetrics(aws, STATE).read() for one in source.series]
    assert [one.value for one in kept if one.metric == ROWS_INGESTED] == [2]


def test_metrics_that_cannot_be_kept_do_not_fail_the_work(aws: "S3Client") -> None:
    assert aws
    record._Flush().run(MetricsSettings(metrics_bucket="missing-bucket"))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_in_cloudwatch_is_written_in_camel_case(metric: Metric) -> None:
    assert metric.cloudwatch is None or metric.cloudwatch.isalnum()
