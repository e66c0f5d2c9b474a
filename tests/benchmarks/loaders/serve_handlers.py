"""One sandbox: a process that answers a request at a time with the functions' handlers.

`python -m tests.benchmarks.loaders.serve_handlers PORT`; several on one port share its requests, as
sandboxes of Lambda do. The database is that of the environment.
"""

import json
import logging
import os
import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlsplit

from functions.api.analytics.handler import handle as handle_analytics
from functions.api.jobs.handler import handle as handle_jobs
from tests.cloud.lambda_events import Context
from tests.postgres.databases import PASSWORD

_EVENT = json.loads((Path(__file__).parents[3] / "events" / "analytics.json").read_text())
_HANDLERS = {"analytics": handle_analytics, "jobs": handle_jobs}


class _Server(HTTPServer):
    request_queue_size = 1024

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


class _Request(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        url = urlsplit(self.path)
        name = url.path.split("/")[1]
        # Each function connects as a role of its own.
        os.environ["DATABASE_USER"] = f"waybill_{name}"
        response = _HANDLERS[name](_event(url.path, dict(parse_qsl(url.query))), Context())
        body = str(response["body"]).encode()
        # Users whose time is up do not wait for it.
        with suppress(BrokenPipeError, ConnectionResetError):
            self.send_response(response["statusCode"])
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: the log would be most of the work."""


def _event(path: str, query: dict[str, str]) -> dict[str, Any]:
    context = {**_EVENT["requestContext"], "path": f"/v1{path}", "resourcePath": path}
    return {
        **_EVENT,
        "path": path,
        "resource": path,
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {name: [text] for name, text in query.items()},
        "requestContext": context,
    }


def main() -> None:
    """Serve until the process is ended."""
    logging.getLogger("waybill").setLevel(logging.ERROR)
    with patch("waybill.database.connect._secret", lambda _: PASSWORD):
        _Server(("127.0.0.1", int(sys.argv[1])), _Request).serve_forever()


if __name__ == "__main__":
    main()
