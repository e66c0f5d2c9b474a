"""Creates upcoming partitions while the database is awake anyway."""

from waybill import telemetry
from waybill.database.refreshes import Refreshes
from waybill.database.repository import Connection
from waybill.errors import Busy, Transient


def premake_partitions(connection: Connection) -> int:
    """Create the missing upcoming partitions. Returns their number.

    A table that is locked by a load is skipped: there is another chance long before the
    partition is needed, and a load creates its own partitions when they are missing.
    """
    try:
        return Refreshes(connection).premake_partitions()
    except (Busy, Transient) as busy:
        telemetry.action("partitions.postponed", reason=busy.detail)
        return 0
