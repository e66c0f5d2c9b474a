"""Brings the planner's statistics of loaded tables up to date, while there is time."""

import time

from waybill import telemetry
from waybill.database.refreshes import Refreshes
from waybill.database.repository import Connection


def analyse_tables(connection: Connection, *, seconds: float) -> list[str]:
    """Analyse the tables that loads have changed, until the time is up; returns which.

    Args:
        connection: as a role that may execute the refresh routines, in autocommit.
        seconds: no table is begun later than this.

    Raises:
        Retryable: the database is unavailable.
    """
    deadline = time.monotonic() + seconds
    refreshes = Refreshes(connection)
    done = []
    for table in refreshes.tables_to_analyse():
        if time.monotonic() > deadline:
            telemetry.action("tables.postponed", table=table)
            break
        refreshes.analyse(table)
        done.append(table)
    if done:
        telemetry.action("tables.analysed", tables=done)
    return done
