"""Record refused tokens in the audit log, some of them."""

import time
from collections.abc import Callable

from waybill import telemetry
from waybill.callers import Caller
from waybill.errors import Unavailable
from waybill.state.audit import AuditEntries, AuditEntry

# A flood of forged tokens may not become a flood of entries: each is an object, and wakes the
# database. All refusals are in the function's log.
_SECONDS = 60.0
_MOST_SOURCES = 20


class Refusals:
    """The refusals of a process; one entry a minute for each address, of 20 addresses at most."""

    def __init__(self, entries: AuditEntries, clock: Callable[[], float] = time.monotonic) -> None:
        self._entries = entries
        self._clock = clock
        self._since = float("-inf")
        self._sources: set[str] = set()

    def record(self, source: str, reason: str, route: str | None) -> None:
        """Record that a token from `source` was refused; never raises."""
        if self._clock() - self._since >= _SECONDS:
            self._since = self._clock()
            self._sources.clear()
        if source in self._sources or len(self._sources) >= _MOST_SOURCES:
            return
        self._sources.add(source)
        entry = AuditEntry.of("token.refused", Caller("", source), reason=reason, route=route)
        try:
            self._entries.put(entry)
        except Unavailable as error:
            # The token is refused anyway.
            telemetry.action("refusal.unrecorded", level="error", detail=error.detail)
