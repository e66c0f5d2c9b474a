"""A tracker of errors, as a process: it keeps the envelopes that it receives in a folder."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1])
STATUS = int(sys.argv[2])


class Receiver(BaseHTTPRequestHandler):
    """Keeps path, key and body of each request."""

    def do_POST(self) -> None:
        """Keep it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        head = f"{self.path}\n{self.headers['X-Sentry-Auth']}\n".encode()
        (FOLDER / f"{len(list(FOLDER.glob('*.envelope'))):03}.envelope").write_bytes(head + body)
        self.send_response(STATUS)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


server = HTTPServer(("127.0.0.1", 0), Receiver)
(FOLDER / "port").write_text(str(server.server_port))
server.serve_forever()
