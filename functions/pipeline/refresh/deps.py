"""The dependencies of the function `refresh`."""

from typing import NamedTuple

from waybill.database.repository import Connection
from waybill.state.bucket import StateBucket


class Deps(NamedTuple):
    """A connection in autocommit, as a role that may execute the refresh routines; the markers."""

    connection: Connection
    state: StateBucket
