"""Opens a page in Chromium and collects what its script reports."""

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.programs import find_program

_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
_TIMEOUT_SECONDS = 90


def find_browser() -> str:
    """The path of a browser; without one the test is skipped, and fails in CI."""
    return find_program("chromium", "chromium-browser", "google-chrome")


def dump_page(browser: str, profile: Path, url: str, *options: str) -> str:
    """The document at `url` after its scripts ran, as HTML."""
    ended = subprocess.run(
        [browser, *_FLAGS, f"--user-data-dir={profile}", *options, "--dump-dom", url],
        capture_output=True,
        text=True,
        check=True,
        timeout=_TIMEOUT_SECONDS,
    )
    return ended.stdout


class Page:
    """A web page on an origin of its own; its script posts a JSON report to `/report`."""

    def __init__(self, html: str) -> None:
        self._reported = threading.Event()
        self.report: Any = None
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._respond(html.encode(), "text/html; charset=utf-8")

            def do_POST(self) -> None:
                page.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._respond(b"", "text/plain")
                page._reported.set()

            def _respond(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "Page":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def visit(self, browser: str, profile: Path) -> Any:
        """Open the page and return its report."""
        url = f"http://127.0.0.1:{self.port}/"
        with subprocess.Popen(
            [browser, *_FLAGS, f"--user-data-dir={profile}", "--remote-debugging-port=0", url],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as running:
            try:
                assert self._reported.wait(_TIMEOUT_SECONDS), f"no report from {url}"
            finally:
                running.terminate()
        return self.report
