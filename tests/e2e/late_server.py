"""A database that sleeps: it resumes some time after somebody first connects, as Aurora does."""

import socket
import threading
import time
from contextlib import suppress

from infra.local.postgres import HOST


class LateServer:
    """Listens on a free port before a PostgreSQL.

    Until it has resumed, connections are accepted and hang, or with `refuses` are closed at once.
    """

    def __init__(self, target: int, seconds: float, *, refuses: bool) -> None:
        self._target = target
        self._seconds = seconds
        self._refuses = refuses
        self._resumed_at: float | None = None
        self.attempts = 0
        """Connections while it slept."""

    def __enter__(self) -> "LateServer":
        self._listener = socket.create_server((HOST, 0), backlog=100)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        if self._resumed_at is None:
            self._resumed_at = time.monotonic() + self._seconds
        asleep = self._resumed_at - time.monotonic()
        if asleep > 0:
            self.attempts += 1
            if self._refuses:
                client.close()
                return
            time.sleep(asleep)
        with suppress(OSError):
            server = socket.create_connection((HOST, self._target))
            for pair in ((client, server), (server, client)):
                threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    # Whoever gave up has closed its end.
    with suppress(OSError), source, sink:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
