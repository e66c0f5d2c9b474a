"""The time that is left to respond to a request, before API Gateway gives up after 29 s."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# The rest is for a cold start, which counts too, and for the response.
_REQUEST_SECONDS = 27.0
# As every statement has it that is not late; a statement that is lasts as long as is left.
_STATEMENT_SECONDS = 25


class Deadline:
    """Of the request that the process handles: a Lambda environment has one at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at: float | None = None

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count from now until the request is handled.

        A function that is called by a schedule as well has no deadline then.
        """
        self._ends_at = self._clock() + _REQUEST_SECONDS
        try:
            yield
        finally:
            self._ends_at = None

    def seconds_left(self) -> float:
        """Until the response is due; all of them outside a request."""
        left = _REQUEST_SECONDS if self._ends_at is None else self._ends_at - self._clock()
        return max(0.0, left)

    def statement_seconds(self) -> int:
        """How long a statement may take: whole seconds, so that they seldom change."""
        return max(1, min(_STATEMENT_SECONDS, int(self.seconds_left())))


DEADLINE = Deadline()
"""Of the current request."""
