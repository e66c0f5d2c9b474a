"""The connection that a warm function keeps between requests."""

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

from waybill.database.connect import connect
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Unavailable
from waybill.settings import DatabaseSettings

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
# Someone waits for the answer: better a 503 with Retry-After than the gateway's time-out.
_PATIENCE_SECONDS = 3.0


class WarmDatabase:
    """One autocommit connection, made at first need and again when it turns out dead."""

    def __init__(self, settings: DatabaseSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._kept: Connection | None = None

    def ask(self, question: Callable[[Connection], T]) -> T:
        """Ask on the kept connection, and once more on a fresh one if that one was dead.

        A frozen function wakes with a connection that the server closed long ago. `question`
        may therefore run twice; it must be a read, or have the same effect when repeated.

        Raises:
            Unavailable: the database cannot be reached.
            Rejected: the database refuses (see `waybill.database.errors`).
        """
        with translating_db_errors():
            kept = self._kept
            if kept is not None and not kept.closed:
                try:
                    return question(kept)
                except (Unavailable, psycopg.OperationalError, psycopg.InterfaceError):
                    if not kept.closed:
                        raise
            self._kept = connect(self._settings, self._name, patience_seconds=_PATIENCE_SECONDS)
            queries("session").bound_statements(self._kept)
            return question(self._kept)

    def close(self) -> None:
        """Close the kept connection, if there is one."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
