"""A cache in the memory of the process: the default, without a server."""

import time
from collections import OrderedDict
from threading import Lock

_MAX_BYTES = 32 * 1024 * 1024
# Keys, the dictionary's own memory and the tuple, beside the entry.
_OVERHEAD_BYTES = 300


class InProcessStore:
    """Entries of this process, the least recently used ones dropped beyond `max_bytes`."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        # Without it two threads could drop the same entry, or count its bytes twice.
        self._lock = Lock()

    def get(self, key: str) -> bytes | None:
        """The entry, unless it has expired."""
        with self._lock:
            expires, entry = self._entries.get(key, (0.0, None))
            if entry is None:
                return None
            if time.monotonic() >= expires:
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry

    def put(self, key: str, entry: bytes, seconds: float) -> None:
        """Keep the entry for so many seconds; one that is too large is not kept."""
        with self._lock:
            self._drop(key)
            if len(entry) + _OVERHEAD_BYTES > self._max_bytes:
                return
            self._entries[key] = (time.monotonic() + seconds, entry)
            self._bytes += len(entry) + _OVERHEAD_BYTES
            while self._bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))

    def claim(self, key: str, seconds: float) -> bool:  # noqa: ARG002 - see CacheStore
        """Always: there is no other process. Threads are kept apart by `SingleFlight`."""
        return True

    def release(self, key: str) -> None:
        """Nothing: there are no claims."""

    def _drop(self, key: str) -> None:
        _, entry = self._entries.pop(key, (0.0, None))
        if entry is not None:
            self._bytes -= len(entry) + _OVERHEAD_BYTES
