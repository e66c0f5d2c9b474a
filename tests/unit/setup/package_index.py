"""A package index on loopback, with wheels generated from the locks.

Every package is there in its locked version and in a newer one, with the dependencies that the
real package declares. The wheels are empty but for uv's, whose program starts the real uv.
"""

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path

from infra.uv import UV as REAL_UV
from tests.unit.setup.locks import Locked, read_lock

NEWER = "9999.0"


def wheel(name: str, version: str) -> tuple[str, bytes]:
    """File name and content of a wheel that installs nothing but its own metadata."""
    stem = f"{name.replace('-', '_')}-{version}"
    files = {
        f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(_dependencies(name)),
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if name == "uv":
        files[f"{stem}.data/scripts/uv"] = f'#!/bin/sh\nexec "{REAL_UV}" "$@"\n'
    record = f"{stem}.dist-info/RECORD"
    files[record] = "".join(f"{path},,\n" for path in (*files, record))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16  # A regular file that may be executed.
            archive.writestr(entry, text)
    return f"{stem}-py3-none-any.whl", packed.getvalue()


def _dependencies(name: str) -> Iterator[str]:
    """What the installed package of that name declares; nothing where it is not installed."""
    try:
        declared = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return
    for field in ("Provides-Extra", "Requires-Dist"):
        yield from (f"{field}: {value}\n" for value in declared.get_all(field, []))


def rewrite_lock(path: str, folder: Path) -> list[Locked]:
    """Copy a lock to `folder` with the hashes of the made-up wheels; gives the real entries."""
    entries = read_lock(path)
    lines = []
    for entry in entries:
        _, content = wheel(entry.name, entry.version)
        digest = hashlib.sha256(content).hexdigest()
        lines.append(f"{entry.requirement} \\\n    --hash=sha256:{digest}\n")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text("".join(lines))
    return entries


class _Server(ThreadingHTTPServer):
    # uv asks for dozens of packages at once.
    request_queue_size = 256


@contextmanager
def serving(entries: list[Locked]) -> Iterator[str]:
    """The URL of an index that has each package in its locked version and in `NEWER`."""
    releases = {(entry.name, version) for entry in entries for version in (entry.version, NEWER)}
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for name, version in sorted(releases):
        file, content = wheel(name, version)
        files[f"/files/{file}"] = content
        page = f"/simple/{name}/"
        links[page] = f'{links.get(page, "")}<a href="/files/{file}">{file}</a>\n'
    pages = files | {
        path: f"<!DOCTYPE html><body>{link}</body>".encode() for path, link in links.items()
    }
    with _Server(("127.0.0.1", 0), _handler(pages)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple/"
        finally:
            server.shutdown()
            thread.join()


def _handler(pages: Mapping[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages.get(self.path)
            self.send_response(200 if content else 404)
            if content:
                kind = "text/html" if self.path.endswith("/") else "application/octet-stream"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Nothing: pytest's output is for tests."""

    return Handler
