"""A REST API in a thread: four kinds of pages, and faults that a test orders in advance."""

import json
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

Record = dict[str, Any]


class Fault(NamedTuple):
    """What happens instead of the next response."""

    status: int = 200
    retry_after: str | None = None
    truncated: bool = False
    """The connection ends before the body does."""
    garbled: bool = False
    """The body is cut, and the length says so."""
    seconds: float = 0
    location: str | None = None
    hangs_up: bool = False
    """The connection ends without a response."""


class ApiServer(ThreadingHTTPServer):
    """Serves `records`, `page_size` at a time."""

    daemon_threads = True

    def __init__(
        self, records: list[Record], page_size: int = 10, place: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        super().__init__(place, _Handler)
        self.records = records
        self.page_size = page_size
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.before: Callable[[int], None] | None = None
        """Called before a response, with the number of the request."""
        self.authorizations: list[str | None] = []
        self.token: str | None = None
        """What requests must have as bearer or X-Api-Key."""
        self.connections = 0
        """How many were made."""
        self.clients: dict[str, str] = {}
        """Client id → secret, for /token."""
        self.echoes = False
        """Whether a response without a page repeats the credentials of its request."""

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client may leave before it has its response."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ApiServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = {
            f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}"
            for name, secret in self.server.clients.items()
        }
        if self.headers["Authorization"] not in known or "grant_type" not in form:
            return self._refuse(401)
        answer = {"access_token": self.server.token, "expires_in": 60}
        return self._send(200, json.dumps(answer).encode())

    def do_GET(self) -> None:
        server = self.server
        server.requests.append(self.path)
        if server.before:
            server.before(len(server.requests))
        server.authorizations.append(self.headers["Authorization"])
        fault = server.faults.pop(0) if server.faults else Fault()
        time.sleep(fault.seconds)
        if fault.hangs_up:
            self.close_connection = True
            return None
        given = (self.headers["Authorization"], self.headers["X-Api-Key"])
        if server.token and given not in ((f"Bearer {server.token}", None), (None, server.token)):
            return self._refuse(401)
        if fault.status != 200:
            faulty = {"Retry-After": fault.retry_after, "Location": fault.location}
            return self._refuse(fault.status, {k: v for k, v in faulty.items() if v})
        headers, body = self._page()
        if fault.garbled:
            return self._send(200, body[: len(body) // 2], headers)
        return self._send(200, body, headers, truncated=fault.truncated)

    def _page(self) -> tuple[dict[str, str], bytes]:
        server, url = self.server, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        records = [r for r in server.records if str(r.get("changed", "")) >= query.get("since", "")]
        size = int(query.get("size", server.page_size))
        if url.path == "/page":
            first = (int(query["page"]) - 1) * size
        else:
            first = int(query.get("offset", query.get("cursor", query.get("at", 0))))
        page, following = records[first : first + size], first + size
        has_more = following < len(records)
        headers = {}
        if url.path == "/link" and has_more:
            since = f"&since={query['since']}" if "since" in query else ""
            headers["Link"] = (
                f'</first>; rel="prev", <{server.url}/link?at={following}{since}>; rel="next"'
            )
        body = {"data": page, "meta": {"next": str(following) if has_more else None}}
        return headers, json.dumps(body).encode()

    def _refuse(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        given = {name: self.headers[name] for name in ("Authorization", "X-Api-Key")}
        echoed = {f"X-Your-{k}": v for k, v in given.items() if v and self.server.echoes}
        self._send(status, json.dumps(echoed).encode(), {**echoed, **(headers or {})})

    def _send(
        self,
        status: int,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        truncated: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if truncated else body)
        if truncated:
            self.close_connection = True


@contextmanager
def serving(
    records: list[Record], page_size: int = 10, place: tuple[str, int] = ("127.0.0.1", 0)
) -> Iterator[ApiServer]:
    server = ApiServer(records, page_size, place)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
