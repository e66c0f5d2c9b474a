"""Have the partitions of the time to come, while the database is awake anyway."""

import logging
from typing import Any

import psycopg

from waybill.database.faults import decided
from waybill.database.queries import queries
from waybill.errors import Busy

_log = logging.getLogger(__name__)


def look_ahead(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    """Make the partitions that are missing for the time ahead; gives how many were made.

    A load that holds its table's lock is not waited for: there is a next time long before the
    partition is needed, and a load makes its own when it is not there.
    """
    try:
        with decided():
            made: int = queries("refresh").ensure_partitions_ahead(connection)
    except Busy as busy:
        _log.info("partitions ahead must wait: %s", busy.detail)
        return 0
    return made
