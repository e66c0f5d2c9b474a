"""The cost of queries, and unused indexes."""

from datetime import datetime
from typing import NamedTuple

import psycopg

from waybill import telemetry
from waybill.database.queries import queries
from waybill.database.repository import Connection, Repository


class CostlyQuery(NamedTuple):
    """A statement without its values, and the cost of all its calls."""

    query: str
    role: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    buffers_hit: int
    """Pages of 8 KiB found in memory."""
    buffers_read: int
    since: datetime


class UnusedIndex(NamedTuple):
    """An index that no scan used."""

    dataset: str
    table_name: str
    index_name: str
    size_bytes: int


class QueryCosts(Repository):
    """Statistics of the server."""

    def costly(self, limit: int) -> list[CostlyQuery]:
        """The statements that took the most time; none without the extension."""
        return self._rows(CostlyQuery, "costly_queries", p_limit=limit)

    def unused_indexes(self) -> list[UnusedIndex]:
        """Indexes of datasets that no scan used, the largest first."""
        return self._rows(UnusedIndex, "unused_indexes")


def enable_query_statistics(connection: Connection) -> bool:
    """Create the extension, and let the owner role read its statistics, as the administrator.

    Returns whether that was possible: it takes the server's permission and its library.
    """
    statistics = queries("statistics")
    try:
        with connection.transaction():
            statistics.create_extension(connection)
            statistics.grant_statistics(connection)
    except psycopg.Error as error:
        if connection.broken:
            raise
        detail = error.diag.message_primary
        telemetry.action("statistics.unavailable", level="warning", detail=detail)
        return False
    return True
