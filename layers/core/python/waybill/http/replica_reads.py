"""Reads that may be a moment behind, at a reader instance of the database."""

import time
from collections.abc import Callable
from typing import TypeVar

from waybill import telemetry
from waybill.database.repository import Connection
from waybill.errors import Retryable, Unavailable
from waybill.http.persistent_connection import PersistentConnection
from waybill.settings import ReaderSettings

T = TypeVar("T")
# A reader that does not answer is left alone for this long: each attempt costs its timeout.
_AVOID_SECONDS = 30.0


class ReplicaReads:
    """Runs queries at the reader; at the writer where there is none, or it does not answer."""

    def __init__(self, settings: ReaderSettings, name: str, writer: PersistentConnection) -> None:
        self._writer = writer
        self._reader: PersistentConnection | None = None
        if settings.database_reader_host:
            place = {
                "database_host": settings.database_reader_host,
                "database_port": settings.database_reader_port or settings.database_port,
            }
            self._reader = PersistentConnection(settings.model_copy(update=place), name)
        self._avoided_until = 0.0

    @property
    def is_separate(self) -> bool:
        """Whether there is a reader."""
        return self._reader is not None

    def run(self, query: Callable[[Connection], T]) -> T:
        """Run a query that only reads, and does not depend on what was just written.

        Raises:
            Unavailable: neither can be reached.
            Rejected: the database refuses (see `waybill.database.errors`).
        """
        if self._reader is None or time.monotonic() < self._avoided_until:
            return self._writer.run(query)
        try:
            return self._reader.run(query)
        except Unavailable:
            telemetry.action("reader.unreachable", level="warning")
            self._avoided_until = time.monotonic() + _AVOID_SECONDS
        except Retryable as error:
            # A reader cancels what stands in the way of the changes that it follows.
            telemetry.action("reader.cancelled", code=error.code, detail=error.detail)
        return self._writer.run(query)

    def close(self) -> None:
        """Close the connection to the reader, if it is open."""
        if self._reader is not None:
            self._reader.close()
