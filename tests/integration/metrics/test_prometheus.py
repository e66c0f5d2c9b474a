"""A real Prometheus reads GET /metrics."""

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from urllib.request import urlopen

import boto3
import pytest

from functions.api.metrics.deps import deps
from functions.api.metrics.handler import handle
from infra.local.postgres import free_port
from tests.postgres.databases import Database
from tests.programs import find_program
from tests.unit.http.api_client import REGION, STATE, call
from waybill.metrics.catalogue import REQUEST_SECONDS, ROWS_INGESTED
from waybill.metrics.database_figures import record_figures
from waybill.metrics.registry import Registry
from waybill.metrics.stored import StoredMetrics
from waybill.settings import MetricsSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_PATIENCE_SECONDS = 30.0


@pytest.fixture
def exposed(aws: "S3Client", database: Database, monkeypatch: pytest.MonkeyPatch) -> str:
    """The response of the endpoint, with series of two processes and of the database."""
    sqs = boto3.client("sqs", region_name=REGION)
    for name in ("LANDED", "CHUNKS", "MERGES"):
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


@contextmanager
def serving(text: str) -> Iterator[int]:
    """The response on a port, for Prometheus to read."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[int]:
    """A server that reads the target every second; yields its port."""
    program = find_program("prometheus")
    job = {"job_name": "waybill", "metrics_path": "/v1/metrics", "scrape_interval": "1s",
           "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}  # fmt: skip
    configuration = folder / "prometheus.yml"
    # JSON is YAML.
    configuration.write_text(json.dumps({"scrape_configs": [job]}))
    port = free_port()
    with subprocess.Popen(
        [program, f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as server:  # fmt: skip
        yield port
        server.terminate()


def ask(port: int, query: str) -> list[dict[str, Any]]:
    """The series of an instant query, once there are any."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            with urlopen(
                f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': query})}"
            ) as r:
                found: list[dict[str, Any]] = json.load(r)["data"]["result"]
        except OSError:
            found = []
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"no series: {query}")


def value(port: int, query: str) -> float:
    (series,) = ask(port, query)
    return float(series["value"][1])


def test_prometheus_reads_every_kind_of_metric(exposed: str, tmp_path: Path) -> None:
    with serving(exposed) as target, prometheus(tmp_path, target) as port:
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
