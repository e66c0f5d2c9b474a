"""What the current invocation has used of the database and of the cache.

A Lambda process handles one invocation at a time, so one record serves it; what its threads use
is counted together.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

# As the database logs them (`infra/constructs/database_parameters.py`).
SLOW_SECONDS = 1.0
CacheStatus = Literal["hit", "miss", "bypass"]


class Usage:
    """Counts since the last `reset`."""

    def __init__(self) -> None:
        # Keeps counts of concurrent statements of one invocation (the health checks) complete.
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Begin an invocation."""
        self.queries = 0
        self.query_seconds = 0.0
        self.slow_queries = 0
        self.connections = 0
        self.cache_hits = 0
        self.cache_misses = 0

    @contextmanager
    def query(self) -> Iterator[None]:
        """Count the statement that runs inside, also one that fails."""
        with self._lock:
            self.queries += 1
        with self.waiting():
            yield

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time of what runs inside, such as a result of a pipeline that is read."""
        started = time.perf_counter()
        try:
            yield
        finally:
            seconds = time.perf_counter() - started
            with self._lock:
                self.query_seconds += seconds
                self.slow_queries += seconds >= SLOW_SECONDS

    def connected(self) -> None:
        """Count a connection that was opened."""
        with self._lock:
            self.connections += 1

    def cached(self, *, hit: bool) -> None:
        """Count a read of the cache."""
        with self._lock:
            self.cache_hits += hit
            self.cache_misses += not hit

    @property
    def cache_status(self) -> CacheStatus:
        """`miss` if any read missed, `bypass` if there was none."""
        if self.cache_misses:
            return "miss"
        return "hit" if self.cache_hits else "bypass"


USAGE = Usage()
"""That of this process."""
