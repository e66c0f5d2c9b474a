"""An API of wards in a process of its own, whose pages are made in advance."""

import json
import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from infra.local.postgres import free_port, is_listening
from infra.local.processes import wait_until

_PAGE = 1000
_CONTEXT = multiprocessing.get_context("spawn")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    pages: Mapping[int, bytes]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        page = int(parse_qs(urlsplit(self.path).query).get("page", ["1"])[0])
        body = self.server.pages.get(page, b'{"data": []}')
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        pass


def _serve(port: int, rows: int) -> None:
    server = _Server(("127.0.0.1", port), _Handler)
    server.pages = {
        first // _PAGE + 1: json.dumps(
            {"data": [_ward(n) for n in range(first, min(first + _PAGE, rows))]}
        ).encode()
        for first in range(0, rows, _PAGE)
    }
    server.serve_forever()


def _ward(number: int) -> dict[str, object]:
    changed = f"2026-01-01T00:00:{number % 60:02}"
    return {"id": number, "ward": f"Ward {number}", "changed": changed, "price": number / 4}


@contextmanager
def ward_api(rows: int) -> Iterator[str]:
    """The address of an API of so many wards, 1,000 a page, by number."""
    port = free_port()
    process = _CONTEXT.Process(target=_serve, args=(port, rows), daemon=True)
    process.start()
    try:
        wait_until(lambda: is_listening(port), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.join()
