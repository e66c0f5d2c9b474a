"""A real Prometheus that reads the metrics of a test."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from infra.local.postgres import free_port
from tests.programs import find_program

_PATIENCE_SECONDS = 120.0


@contextmanager
def serving(text: Callable[[], str]) -> Iterator[int]:
    """A port on which Prometheus reads what `text` returns."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(text().encode())

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@contextmanager
def prometheus(
    folder: Path,
    target: int,
    *,
    path: str = "/v1/metrics",
    token: str | None = None,
    every_seconds: int = 1,
) -> Iterator[int]:
    """A server that reads the target with the token; yields its port.

    It waits `every_seconds` for an answer, too.
    """
    program = find_program("prometheus")
    job = {"job_name": "waybill", "metrics_path": path, "scrape_interval": f"{every_seconds}s",
           "static_configs": [{"targets": [f"127.0.0.1:{target}"]}],
           **({"authorization": {"credentials": token}} if token else {})}  # fmt: skip
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
