"""Refreshes the stale views, part by part, until none is left."""

import time

from tenacity import (
    RetryError,
    Retrying,
    retry_if_result,
    stop_after_delay,
    wait_random_exponential,
)

from waybill.database.refreshes import Refreshes, RefreshOutcome, StalePart
from waybill.database.repository import Connection
from waybill.errors import Busy, Transient, Unavailable, WaybillError

# Longer than most refreshes take; while waiting, a connection is held.
_BUSY_SECONDS = 10.0
# A refresh is put off for so long at most; see `561_postponed_refreshes.sql`.
_MAX_POSTPONED_SECONDS = 30.0


class StillBusy(Busy):
    """Time is up while something is still stale."""


def refresh_stale(connection: Connection, *, seconds: float) -> list[StalePart]:
    """Refresh every stale part, one transaction each; `connection` must be in autocommit.

    Jobs that finish meanwhile are included, so one caller serves many. While further files of a
    dataset are merged its refresh is put off, and one caller waits until it is due. A part that
    fails does not stop the others.

    Args:
        connection: as a role that may execute the refresh routines.
        seconds: the time limit, including waiting for another refresh. That wait is at most
            10 s: the other refresh will most likely do this one's work too.

    Returns:
        The parts in the order they were refreshed; one that became stale again comes twice.

    Raises:
        StillBusy: time is up and something is still stale; try again later.
        Retryable, Rejected: the first failure, after all other parts are done.
    """
    refreshes = Refreshes(connection)
    refreshes.limit_statements(seconds)
    return _Run(refreshes, time.monotonic() + seconds).all()


class _Run:
    def __init__(self, refreshes: Refreshes, deadline: float) -> None:
        self._refreshes = refreshes
        self._deadline = deadline
        self._done: list[StalePart] = []
        self._failed: dict[StalePart, WaybillError] = {}

    def all(self) -> list[StalePart]:
        while self._all_due() and self._refreshes.wait_for_postponed():
            pass
        for failure in self._failed.values():
            raise failure
        return self._done

    def _all_due(self) -> bool:
        """Refresh what is due; whether there is time for more."""
        while stale := [part for part in self._refreshes.stale_parts() if part not in self._failed]:
            for part in stale:
                self._one(part)
        return self._deadline - time.monotonic() > _MAX_POSTPONED_SECONDS

    def _one(self, part: StalePart) -> None:
        try:
            outcome = self._refresh_when_free(part)
        except (Unavailable, StillBusy):
            raise
        except WaybillError as failure:
            self._failed[part] = failure
            return
        if outcome == "refreshed":
            self._done.append(part)

    def _refresh_when_free(self, part: StalePart) -> RefreshOutcome:
        """Refresh the part; wait for another refresh, which will most likely do this part too."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise StillBusy("refresh-busy", f"No time left for {part.dataset} {part.part}.")
        retrying = Retrying(
            retry=retry_if_result(lambda outcome: outcome == "busy"),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            stop=stop_after_delay(min(left, _BUSY_SECONDS)),
        )
        try:
            return retrying(self._try_refresh, part)
        except RetryError as error:
            detail = f"Another refresh of {part.dataset} is still running."
            raise StillBusy("refresh-busy", detail) from error

    def _try_refresh(self, part: StalePart) -> RefreshOutcome:
        try:
            return self._refreshes.refresh(part)
        except (Busy, Transient):
            return "busy"
