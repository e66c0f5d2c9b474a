"""Have the partitions of the time to come, while the database is awake anyway."""

from waybill import telemetry
from waybill.database.refreshes import Refreshes
from waybill.database.repository import Connection
from waybill.errors import Busy


def premake_partitions(connection: Connection) -> int:
    """Make the partitions that are missing for the time ahead; gives how many were made.

    A load that holds its table's lock is not waited for: there is a next time long before the
    partition is needed, and a load makes its own when it is not there.
    """
    try:
        return Refreshes(connection).premake_partitions()
    except Busy as busy:
        telemetry.action("partitions.postponed", reason=busy.detail)
        return 0
