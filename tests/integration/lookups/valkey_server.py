"""A Valkey or Redis server of the test's own, on a port of its own."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.local.postgres import free_port, is_listening
from tests.programs import find_program

_PATIENCE_SECONDS = 120.0


def find_server() -> str:
    """The path of a server; without one the test is skipped, and fails in CI."""
    return find_program("valkey-server", "redis-server")


class ValkeyServer:
    """A server that can be stopped and started again, without its entries."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"valkey://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly"]
        self._process = subprocess.Popen(
            [self._program, *options, "no", "--dir", str(self._folder)], stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not is_listening(self.port):
            if time.monotonic() > deadline:
                raise TimeoutError("the server does not listen")
            time.sleep(0.02)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """A server that accepts connections and does not respond."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def running_server(folder: Path) -> Iterator[ValkeyServer]:
    """A running server with nothing in it."""
    server = ValkeyServer(find_server(), folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
