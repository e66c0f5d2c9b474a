"""The database connection that a Lambda environment keeps between requests."""

from collections.abc import Callable
from typing import TypeVar

import psycopg

from waybill.database.connect import CONNECT_SECONDS, connect
from waybill.database.errors import is_prepared_before, translating_db_errors
from waybill.database.repository import Connection
from waybill.database.session import Session
from waybill.errors import Retryable, Unavailable
from waybill.http.breaker import Breaker
from waybill.http.deadline import DEADLINE, Deadline
from waybill.settings import DatabaseSettings

T = TypeVar("T")
# A client is waiting: a 503 with Retry-After is better than API Gateway's timeout.
_PATIENCE_SECONDS = 3.0
# A host may have two addresses, of IPv4 and IPv6, and each is waited for.
_ADDRESSES = 2
# The shortest timeout that libpq knows.
_LEAST_TIMEOUT_SECONDS = 2


class PersistentConnection:
    """One autocommit connection, opened on first use and again when it was closed.

    Also when a deployment has given a routine another result than that it was prepared for.
    """

    def __init__(
        self,
        settings: DatabaseSettings,
        name: str,
        breaker: Breaker | None = None,
        deadline: Deadline = DEADLINE,
    ) -> None:
        self._settings = settings
        self._name = name
        self._breaker = breaker or Breaker()
        self._deadline = deadline
        self._connection: Connection | None = None
        self._limit_seconds = 0

    def run(self, query: Callable[[Connection], T]) -> T:
        """Run a query, and once more on a new connection if the old one was closed or is stale.

        The server may have closed the connection while the environment was frozen. So `query`
        may run twice; it must be a read or idempotent.

        Raises:
            Unavailable: the database cannot be reached, or could not a few seconds ago.
            OutOfResources: it has, or a few seconds ago had, no connection left.
            Rejected: the database refuses (see `waybill.database.errors`).
        """
        with translating_db_errors():
            connection = self._connection
            if connection is not None and not connection.closed:
                try:
                    return self._query(connection, query)
                except (Retryable, psycopg.Error) as error:
                    if is_prepared_before(error) or is_prepared_before(error.__cause__):
                        connection.close()
                    if not connection.closed:
                        raise
            connection = self._connect()
            self._connection = connection
            self._limit_seconds = 0
            return self._query(connection, query)

    def _query(self, connection: Connection, query: Callable[[Connection], T]) -> T:
        # A database that resumes late has used up a part of the request's time already.
        seconds = self._deadline.statement_seconds()
        if seconds != self._limit_seconds:
            Session(connection).limit_statements(seconds)
            self._limit_seconds = seconds
        return query(connection)

    def _connect(self) -> Connection:
        # After a failure one attempt shows whether the database is back.
        patience = 0 if self._breaker.has_failed else _PATIENCE_SECONDS
        timeout = int(self._deadline.seconds_left() / _ADDRESSES)
        if timeout < _LEAST_TIMEOUT_SECONDS:
            raise Unavailable("database-unavailable", "The database cannot be reached in time.")
        with self._breaker.attempt():
            return connect(
                self._settings,
                self._name,
                patience_seconds=patience,
                # Each attempt at a full server costs it a process.
                retry_when_full=False,
                timeout_seconds=min(timeout, CONNECT_SECONDS),
            )

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
