"""A cache that all processes share: Valkey, or any server of its protocol."""

import time
from typing import TYPE_CHECKING

import valkey
from valkey.backoff import NoBackoff
from valkey.exceptions import ValkeyError
from valkey.retry import Retry

from waybill import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

# A lookup by index takes milliseconds: a cache that takes longer is of no use.
_TIMEOUT_SECONDS = 0.2
_PAUSE_SECONDS = 5.0


class ValkeyStore:
    """Entries on a server. After an error it is left alone for five seconds."""

    def __init__(self, url: str) -> None:
        """Create the store; the server is connected to on first use.

        Args:
            url: `valkey://host:port/database`, or `valkeys://…` for TLS.
        """
        self._client = valkey.Valkey.from_url(
            url,
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
            health_check_interval=30,
            # The client's own retries take seconds.
            retry=Retry(NoBackoff(), 1),
        )
        self._pause_ends = 0.0

    def get(self, key: str) -> bytes | None:
        """The entry; None if there is none, or if the server does not respond."""
        entry = self._try(lambda: self._client.get(key))
        return entry if isinstance(entry, bytes) else None

    def put(self, key: str, entry: bytes, seconds: float) -> None:
        """Keep the entry for so many seconds, if the server responds."""
        self._try(lambda: self._client.set(key, entry, px=max(1, round(seconds * 1000))))

    def claim(self, key: str, seconds: float) -> bool:
        """True if nobody else has claimed the key, and if the server does not respond."""
        milliseconds = max(1, round(seconds * 1000))
        claimed = self._try(lambda: self._client.set(_claim(key), b"1", nx=True, px=milliseconds))
        return bool(claimed) or self._is_paused()

    def release(self, key: str) -> None:
        """Give up a claim."""
        self._try(lambda: self._client.delete(_claim(key)))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _is_paused(self) -> bool:
        return time.monotonic() < self._pause_ends

    def _try(self, command: "Callable[[], object]") -> object:
        if self._is_paused():
            return None
        try:
            return command()
        except (ValkeyError, OSError) as error:
            self._pause_ends = time.monotonic() + _PAUSE_SECONDS
            telemetry.action("cache.unavailable", level="warning", detail=type(error).__name__)
            return None


def _claim(key: str) -> str:
    return f"{key}:claim"
