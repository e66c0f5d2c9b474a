"""The short load counts errors, and fails as the alarms would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from infra.delivery.load_test import load
from infra.delivery.tools import ToolError


@contextmanager
def serving(status: dict[str, int]) -> Iterator[tuple[str, list[str]]]:
    """An API whose paths answer with these statuses, else 200; and the requests it got."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(status.get(self.path, 200))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", seen
        server.shutdown()
        thread.join()


def test_it_sends_that_many_requests_with_the_token() -> None:
    with serving({}) as (api, seen):
        outcome = load(api, {"Authorization": "Bearer t"}, requests=30, at_once=3)
    assert (outcome.requests, outcome.errors, len(seen)) == (30, 0, 30)
    assert {line.partition(" ")[0] for line in seen} == {
        "/v1/datasets", "/v1/health/deep", "/v1/jobs?limit=1",
    }  # fmt: skip
    assert all(line.endswith("Bearer t") for line in seen)


def test_errors_fail_it() -> None:
    with (
        serving({"/v1/health/deep": 503}) as (api, _),
        pytest.raises(ToolError, match="30 requests, 10 errors"),
    ):
        load(api, {}, requests=30, at_once=3)
