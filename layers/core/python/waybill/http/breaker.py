"""A circuit breaker: while the database cannot be reached, requests are refused at once."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from waybill.errors import OutOfResources, Unavailable

# Below the Retry-After of a refusal, so that whoever obeys it is tried again.
_OPEN_SECONDS = (2.5, 5.0)


class Breaker:
    """Refuses attempts for some seconds after one has failed, then lets a single one through.

    Without it each request would wait for a database that is down, paused or full, and each
    environment of a function would open connections for every one of its requests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._error: Unavailable | OutOfResources | None = None
        self._closed_at = 0.0

    @property
    def has_failed(self) -> bool:
        """Whether the last attempt failed."""
        return self._error is not None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Run an attempt, or refuse it.

        Raises:
            Unavailable: or OutOfResources; as the last attempt, which was seconds ago.
        """
        if self._error is not None and self._clock() < self._closed_at:
            raise type(self._error)(self._error.code, self._error.detail)
        try:
            yield
        except (Unavailable, OutOfResources) as error:
            self._error = error
            # At a time of its own, so that not all environments try again together.
            self._closed_at = self._clock() + random.uniform(*_OPEN_SECONDS)  # noqa: S311
            raise
        self._error = None
