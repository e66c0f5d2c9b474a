"""The dependencies of the function `refresh`."""

from typing import NamedTuple

from waybill.database.repository import Connection
from waybill.state.bucket import StateBucket


class Deps(NamedTuple):
    """A connection in autocommit, as a role that may execute the refresh routines; the markers.

    The queue is that of the function that archives partitions.
    """

    connection: Connection
    state: StateBucket
    chunks_queue_url: str
