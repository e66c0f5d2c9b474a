"""A receiver of webhooks: it keeps what it gets, and responds as it is told.

As a process of its own: `python receiver.py PORT LOG STATUS…` responds with each status in turn,
the last one for all that follow, and appends each request to LOG as a line of JSON.
"""

import base64
import hmac
import json
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple


class Received(NamedTuple):
    """A request that came: its headers (lower-case names) and its body."""

    headers: Mapping[str, str]
    body: bytes


class Receiver(ThreadingHTTPServer):
    """The server; `statuses` are for the next requests, the last one for all others."""

    def __init__(self, statuses: list[int], log: Path | None = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.statuses = statuses
        self.received: list[Received] = []
        self.retry_after: str | None = None
        """What responses that are no success ask for."""
        self._log = log

    @property
    def url(self) -> str:
        """Where it receives."""
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def keep(self, received: Received) -> int:
        """Keep the request; the status to respond with."""
        self.received.append(received)
        if self._log:
            line = {"headers": dict(received.headers), "body": received.body.decode()}
            with self._log.open("a") as file:
                file.write(json.dumps(line) + "\n")
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.server.keep(Received(headers, body))
        self.send_response(status)
        if self.server.retry_after and status >= 400:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Nothing: the requests are kept."""


def is_genuine(headers: Mapping[str, str], body: bytes, key: str) -> bool:
    """Verify a message as its receiver does, from the three headers, the body and the key."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    secret = base64.b64decode(key.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(secret, content, "sha256")).decode()
    signatures = headers["webhook-signature"].split(" ")
    return any(hmac.compare_digest(expected, one) for one in signatures)


if __name__ == "__main__":
    Receiver(
        [int(one) for one in sys.argv[3:]], Path(sys.argv[2]), int(sys.argv[1])
    ).serve_forever()
