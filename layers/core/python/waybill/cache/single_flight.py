"""Single flight: of those that miss the same entry at once, one reads the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class SingleFlight:
    """A lock for each key that is being read by a thread of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._flights: dict[str, tuple[Lock, int]] = {}

    @contextmanager
    def only_one(self, key: str) -> Iterator[None]:
        """Run the block while no other thread runs one of the same key."""
        flight = self._join(key)
        try:
            with flight:
                yield
        finally:
            self._leave(key)

    def _join(self, key: str) -> Lock:
        # Without the lock two threads could make two flights of one key.
        with self._lock:
            flight, threads = self._flights.get(key, (Lock(), 0))
            self._flights[key] = (flight, threads + 1)
            return flight

    def _leave(self, key: str) -> None:
        with self._lock:
            flight, threads = self._flights[key]
            if threads > 1:
                self._flights[key] = (flight, threads - 1)
            else:
                del self._flights[key]
