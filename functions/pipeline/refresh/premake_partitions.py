"""Have the partitions of the time to come, while the database is awake anyway."""

from typing import Any

import psycopg

from waybill import telemetry
from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Busy


def premake_partitions(connection: psycopg.Connection[tuple[Any, ...]]) -> int:
    """Make the partitions that are missing for the time ahead; gives how many were made.

    A load that holds its table's lock is not waited for: there is a next time long before the
    partition is needed, and a load makes its own when it is not there.
    """
    try:
        with translating_db_errors():
            made: int = queries("refresh").ensure_partitions_ahead(connection)
    except Busy as busy:
        telemetry.action("partitions.postponed", reason=busy.detail)
        return 0
    return made
