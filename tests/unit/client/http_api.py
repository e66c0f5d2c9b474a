"""An API and a storage on a real port, for commands that run as processes of their own."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

COUNTS = {"read": 2, "inserted": 2, "rejected": 0}
DATASETS = [
    {
        "name": name,
        "natural_key": ["id"],
        "schema": {
            "properties": {column: {"type": "string"} for column in columns},
            "required": ["id"],
        },
    }
    for name, columns in (("people", ("id", "name")), ("ports", ("id", "harbour")))
]


class HttpApi(ThreadingHTTPServer):
    """Jobs end at once, changed by `changes`.

    With `never` they do not end; the upload `stall_at` is not answered; with `is_other` it is no
    Waybill API at all.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.changes: dict[str, Any] = {}
        self.never = False
        self.is_other = False
        self.stall_at = 0
        self.bodies: list[dict[str, Any]] = []
        self.uploads = 0
        self.stopping = threading.Event()

    @property
    def url(self) -> str:
        """The base URL, with the stage."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def job(self, job_id: str) -> dict[str, Any]:
        """The job as a response."""
        job = {"job_id": job_id, "dataset": "people", "state": "COMPLETED", "waybill": COUNTS}
        return {**job, **self.changes}


class _Handler(BaseHTTPRequestHandler):
    server: HttpApi

    def do_GET(self) -> None:
        if self.server.is_other:
            self._respond(200, "a page")
            return
        path, _, query = self.path.removeprefix("/v1/").partition("?")
        if path == "datasets":
            self._respond(200, {"items": DATASETS})
        elif path == "health":
            self._respond(200, {"status": "ok"})
        elif path == "jobs":
            items = [self.server.job(_id(1)), self.server.job(_id(2))]
            self._respond(200, {"items": items, "next_cursor": None})
        elif path.endswith(("/rejects", "/runs")):
            self._respond(200, {"items": [], "next_cursor": None})
        elif path.endswith("/columns"):
            self._respond(200, {"items": [], "compared_with": None})
        else:
            if self.server.never and query:
                self.server.stopping.wait(30)
            self._respond(200, self.server.job(path.rpartition("/")[2]))

    def do_DELETE(self) -> None:
        self._respond(202, {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/storage":
            if self.server.uploads == self.server.stall_at:
                self.server.stopping.wait(30)
            self._respond(204, None)
            return
        if self.path.endswith("/redrive"):
            self._respond(200, {"queues": {"chunks": {"sent": 1, "left": 0}}})
            return
        self.server.bodies.append(json.loads(body))
        self.server.uploads += 1
        if self.path.endswith("/unknown"):
            problem = {"type": "https://x/unknown-dataset", "detail": "There is no such dataset."}
            self._respond(404, problem)
            return
        storage = self.server.url.replace("/v1", "/storage")
        job = {"job_id": _id(self.server.uploads), "method": "POST", "url": storage, "fields": {}}
        self._respond(201, job)

    def _respond(self, status: int, document: object) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the tests read the output."""


def _id(number: int) -> str:
    return f"0192f7a0-0000-7000-8000-{number:012}"


@contextmanager
def http_api() -> Iterator[HttpApi]:
    """Serve it for the block."""
    with HttpApi() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
