"""Refreshes the stale views, part by part, until none is left."""

import random
import time

from waybill.database.refreshes import Refreshes, StalePart
from waybill.database.repository import Connection
from waybill.errors import Busy, Unavailable, WaybillError

_FIRST_PAUSE_SECONDS = 0.1
_MAX_PAUSE_SECONDS = 2.0
# Longer than most refreshes take; while waiting, a connection is held.
_BUSY_SECONDS = 10.0


def refresh_stale(connection: Connection, *, seconds: float) -> list[StalePart]:
    """Refresh every stale part, one transaction each; `connection` must be in autocommit.

    Jobs that finish meanwhile are included, so one caller serves many. A part that fails does
    not keep the others from being refreshed.

    Args:
        connection: as a role that may execute the refresh routines.
        seconds: the time limit, including waiting for another refresh. That wait is at most
            10 s: the other refresh will most likely do this one's work too.

    Returns:
        The parts in the order they were refreshed; one that became stale again comes twice.

    Raises:
        Busy: time is up and something is still stale; try again later.
        Retryable, Rejected: the first failure, after all other parts are done.
    """
    refreshes = Refreshes(connection)
    refreshes.limit_statements(seconds)
    return _Run(refreshes, time.monotonic() + seconds).all()


class _Run:
    def __init__(self, refreshes: Refreshes, deadline: float) -> None:
        self._refreshes = refreshes
        self._deadline = deadline
        self._pause = _FIRST_PAUSE_SECONDS
        self._busy_since: float | None = None
        self._done: list[StalePart] = []
        self._failed: dict[StalePart, WaybillError] = {}

    def all(self) -> list[StalePart]:
        while stale := [part for part in self._refreshes.stale_parts() if part not in self._failed]:
            for part in stale:
                self._one(part)
        for failure in self._failed.values():
            raise failure
        return self._done

    def _one(self, part: StalePart) -> None:
        if time.monotonic() >= self._deadline:
            raise Busy("refresh-busy", f"No time left for {part.dataset} {part.part}.")
        try:
            outcome = self._refreshes.refresh(part)
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

    def _wait(self, part: StalePart) -> None:
        """Wait for another refresh, which will most likely do this part too."""
        now = time.monotonic()
        self._busy_since = self._busy_since or now
        if now - self._busy_since > _BUSY_SECONDS:
            raise Busy("refresh-busy", f"Another refresh of {part.dataset} is still running.")
        time.sleep(random.uniform(self._pause / 2, self._pause))  # noqa: S311 - jitter
        self._pause = min(self._pause * 2, _MAX_PAUSE_SECONDS)
