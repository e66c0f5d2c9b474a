"""A Sentry-compatible tracker: it takes envelopes and keeps their events."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from infra.local.postgres import HOST


class Tracker:
    """What it received, and where."""

    def __init__(self, port: int) -> None:
        self.dsn = f"http://public-key@{HOST}:{port}/7"
        self.envelopes: list[str] = []
        """As they were sent, with path and authentication in front."""

    def events(self) -> list[dict[str, Any]]:
        """The event of each envelope: its third line, after the two headers."""
        return [json.loads(text.splitlines()[4]) for text in list(self.envelopes)]


@contextmanager
def error_tracker() -> Iterator[Tracker]:
    """A running tracker on a free port."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            tracker.envelopes.append(f"{self.path}\n{self.headers['X-Sentry-Auth']}\n{body}")
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer((HOST, 0), Receiver) as server:
        tracker = Tracker(server.server_port)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tracker
        server.shutdown()
        thread.join()
