"""Lets partitions be archived, one after the other, while the database is awake anyway."""

from functions.pipeline.refresh.deps import Deps
from waybill import telemetry
from waybill.database.lake import Lake
from waybill.errors import Busy, Transient
from waybill.messages import LakeMessage
from waybill.queues import send


def send_lake_work(deps: Deps) -> int:
    """Send a message for each partition that is to be archived or continued; their number.

    While one is open there is a marker, so that the schedule looks again: a message may be lost.
    """
    lake = Lake(deps.connection)
    try:
        partitions = lake.work()
    except (Busy, Transient) as busy:
        telemetry.action("lake.postponed", reason=busy.detail)
        return 0
    if partitions or lake.has_work():
        deps.state.markers.put("lake")
    return send(deps.chunks_queue_url, [LakeMessage(partition_id=each) for each in partitions])
