"""A real Prometheus reads GET /metrics."""

from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

from functions.api.metrics.deps import deps
from functions.api.metrics.handler import handle
from tests.integration.metrics.prometheus_server import ask, prometheus, serving
from tests.postgres.databases import Database
from tests.unit.http.api_client import REGION, STATE, call
from waybill.metrics.catalogue import REQUEST_SECONDS, ROWS_INGESTED
from waybill.metrics.database_figures import record_figures
from waybill.metrics.registry import Registry
from waybill.metrics.stored import StoredMetrics
from waybill.settings import MetricsSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@pytest.fixture
def exposed(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """The response of the endpoint, with series of two processes and of the database."""
    sqs = boto3.client("sqs", region_name=REGION)
    for name in ("LANDED", "CHUNKS", "MERGES", "EXTRACTS", "UNDELIVERED"):
        for kind in ("QUEUE", "DLQ"):
            url = sqs.create_queue(QueueName=f"{name}-{kind}".lower())["QueueUrl"]
            monkeypatch.setenv(f"{name}_{kind}_URL", url)
    for process, seconds in (("p1", 0.004), ("p2", 0.3)):
        registry = Registry()
        registry.observe(REQUEST_SECONDS, seconds, {"endpoint": "/jobs", "method": "GET"})
        registry.count(ROWS_INGESTED, 500, {"dataset": 'odd "name"\\'})
        StoredMetrics(aws, STATE).put(process, "jobs", registry.series())
    with database.connect("waybill_reap") as connection:
        record_figures(connection, MetricsSettings(metrics_bucket=STATE))
    deps.cache_clear()
    text = call(handle, "GET", "/metrics").text
    deps.cache_clear()
    return text


def value(port: int, query: str) -> float:
    (series,) = ask(port, query)
    return float(series["value"][1])


def test_prometheus_reads_every_kind_of_metric(exposed: str, tmp_path: Path) -> None:
    with serving(lambda: exposed) as target, prometheus(tmp_path, target) as port:
        assert value(port, 'up{job="waybill"} == 1') == 1
        assert value(port, "sum(waybill_rows_ingested_total)") == 1000
        (series,) = ask(port, 'waybill_rows_ingested_total{process="p1"}')
        assert series["metric"]["dataset"] == 'odd "name"\\'
        assert value(port, "sum(waybill_http_request_seconds_count)") == 2
        p100 = "histogram_quantile(1, sum by (le) (waybill_http_request_seconds_bucket))"
        assert value(port, p100) == pytest.approx(0.5)
        assert value(port, 'waybill_queue_messages{queue="chunks"}') == 0
        assert value(port, "waybill_refresh_lag_seconds") == 0
        assert value(port, "waybill_database_bytes") > 1_000_000
