"""Ends a COPY that has stalled.

No timeout of PostgreSQL ends a COPY whose client has gone quiet, and a blocked write cannot be
interrupted from Python: what helps is to close the socket. The server then undoes the
transaction and lets go of its locks.
"""

import os
import socket
import threading
import time
from types import TracebackType
from typing import Any, Self

import psycopg

from waybill import telemetry


class Watchdog:
    """Cuts the connection when no `beat` came for a while, or when all the time is used up."""

    def __init__(
        self,
        connection: psycopg.Connection[tuple[Any, ...]],
        patience_seconds: float,
        seconds: float,
    ) -> None:
        self._connection = connection
        self._patience = patience_seconds
        self._end = time.monotonic() + seconds
        self._last = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def beat(self) -> None:
        """Something moved."""
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Waited for, so that it never cuts what the connection does afterwards.
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(max(self._due() - time.monotonic(), 0)):
            if time.monotonic() >= self._due():
                self._cut()
                return

    def _due(self) -> float:
        return min(self._last + self._patience, self._end)

    def _cut(self) -> None:
        telemetry.action("copy.cut", level="warning")
        with socket.socket(fileno=os.dup(self._connection.pgconn.socket)) as wire:
            wire.shutdown(socket.SHUT_RDWR)
