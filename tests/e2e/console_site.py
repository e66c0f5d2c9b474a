"""The console as CloudFront serves it: the published files with their headers, and the API.

The bucket is a dictionary that `publish_console` fills, and the API that of the local stack.
"""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import httpx

from functions.console.publish_console import ConsoleFile, console_files
from infra.console_headers import security_headers
from tests.e2e.threaded_server import ThreadedServer

_FORWARDED = ("authorization", "content-type", "accept")


class ConsoleSite(ThreadedServer):
    """The page logs in as `config` says, and may connect to the origins of `connect`."""

    def __init__(self, api: str, config: Mapping[str, str], connect: tuple[str, ...]) -> None:
        super().__init__(_Handler)
        self.api = api
        self.files: dict[str, ConsoleFile] = {file.key: file for file in console_files(config)}
        self.headers = security_headers(connect)


class _Handler(BaseHTTPRequestHandler):
    server: ConsoleSite

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            self._forward()
            return
        file = self.server.files.get(path.removeprefix("/") or "index.html")
        if file is None:
            self._respond(403, b"", {})
        else:
            headers = {**self.server.headers, "Content-Type": file.content_type}
            self._respond(200, file.content, headers)

    def do_POST(self) -> None:
        self._forward()

    def _forward(self) -> None:
        origin = self.server.api.partition("/api/")[0]
        headers = {name: self.headers[name] for name in _FORWARDED if self.headers[name]}
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        response = httpx.request(
            self.command, origin + self.path, headers=headers, content=body, timeout=90
        )
        kind = response.headers.get("content-type", "text/plain")
        self._respond(response.status_code, response.content, {"Content-Type": kind})

    def _respond(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""
