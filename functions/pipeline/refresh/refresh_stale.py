"""The verb of the step: refresh what is stale, part by part, until nothing is."""

import random
import time
from typing import Any, NamedTuple

import psycopg

from waybill.database.errors import translating_db_errors
from waybill.database.queries import queries
from waybill.errors import Busy, Unavailable, WaybillError

Connection = psycopg.Connection[tuple[Any, ...]]
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
# Longer than most refreshes; whoever waits holds a connection.
_BUSY_SECONDS = 10.0


class Part(NamedTuple):
    """A part of a dataset whose views are refreshed together, e.g. `hired_employees`, `2021`."""

    dataset: str
    part: str


def refresh_stale(connection: Connection, *, seconds: float) -> list[Part]:
    """Refresh every stale part; `connection` must be in autocommit, one transaction per part.

    Jobs that finish meanwhile are taken along, so one caller serves many. A part that fails
    does not keep the others from being refreshed.

    Args:
        connection: as a role that may execute the refresh routines.
        seconds: how long it may take, waiting for another refresher included.
            That one is waited for 10 s at most: it will see what we came for.

    Returns:
        The parts in the order they were refreshed; one that became stale again comes twice.

    Raises:
        Busy: time is up and something is still stale: try again later.
        Retryable, Rejected: the first failure, once all other parts are done.
    """
    run = _Run(connection, time.monotonic() + seconds)
    with translating_db_errors():
        queries("refresh").bound_time(connection, milliseconds=int(seconds * 1000))
    return run.all()


class _Run:
    def __init__(self, connection: Connection, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._pause = _FIRST_PAUSE_SECONDS
        self._busy_since: float | None = None
        self._done: list[Part] = []
        self._failed: dict[Part, WaybillError] = {}

    def all(self) -> list[Part]:
        while stale := [part for part in self._stale() if part not in self._failed]:
            for part in stale:
                self._one(part)
        for failure in self._failed.values():
            raise failure
        return self._done

    def _stale(self) -> list[Part]:
        with translating_db_errors():
            return [Part(*row) for row in queries("refresh").stale_views(self._connection)]

    def _one(self, part: Part) -> None:
        if time.monotonic() >= self._deadline:
            raise Busy("refresh-busy", f"No time left for {part.dataset} {part.part}.")
        try:
            with translating_db_errors():
                outcome = queries("refresh").refresh_part(self._connection, **part._asdict())
        except Busy:
            outcome = "busy"
        except Unavailable:
            raise
        except WaybillError as failure:
            self._failed[part] = failure
            return
        if outcome == "busy":
            self._wait(part)
            return
        self._pause, self._busy_since = _FIRST_PAUSE_SECONDS, None
        if outcome == "refreshed":
            self._done.append(part)

    def _wait(self, part: Part) -> None:
        """Another refresher is at it; it will most likely do our part too."""
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        if now - self._busy_since > _BUSY_SECONDS:
            raise Busy("refresh-busy", f"Another refreshes {part.dataset}, and goes on.")
        time.sleep(random.uniform(self._pause / 2, self._pause))  # noqa: S311 - jitter
        self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)
