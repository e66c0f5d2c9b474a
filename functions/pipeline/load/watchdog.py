"""Ends a COPY that has stalled.

No PostgreSQL timeout ends a COPY whose client stops sending, and Python cannot interrupt a
blocked write. Closing the socket makes the server roll back and release its locks.
"""

import os
import socket
import threading
import time
from types import TracebackType
from typing import Self

from waybill import telemetry
from waybill.database.repository import Connection


class Watchdog:
    """Closes the connection after a time without `beat`, or when the total time is up."""

    def __init__(
        self,
        connection: Connection,
        stall_seconds: float,
        total_seconds: float,
    ) -> None:
        self._connection = connection
        self._stall_seconds = stall_seconds
        self._end = time.monotonic() + total_seconds
        self._last = time.monotonic()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def beat(self) -> None:
        """Report progress."""
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
        # Join the thread, so that it never closes the socket during later work.
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(max(self._deadline() - time.monotonic(), 0)):
            if time.monotonic() >= self._deadline():
                self._close_socket()
                return

    def _deadline(self) -> float:
        return min(self._last + self._stall_seconds, self._end)

    def _close_socket(self) -> None:
        telemetry.action("copy.stalled", level="warning")
        with socket.socket(fileno=os.dup(self._connection.pgconn.socket)) as wire:
            wire.shutdown(socket.SHUT_RDWR)
