"""Leases of generations: how a process knows that cached rows are still current.

A lease says that the rows of a dataset do not change within its seconds: a change that commits
waits until the last lease has ended (`sql/routines/82_generations.sql`). Within it, cached rows of
its generation are served without asking the database. The lease runs from before the question, so
it ends here no later than the database takes it to end, if both clocks run at the same rate.
"""

import time
from collections.abc import Callable
from typing import NamedTuple
from uuid import UUID

from waybill.database.lookups import GenerationLease

# The rates of two clocks differ by at most this share.
_MARGIN = 0.9
Ask = Callable[[str], GenerationLease | None]


class _Held(NamedTuple):
    generation: UUID
    monotonic: float
    wall: float
    seconds: float

    def is_valid(self) -> bool:
        # The monotonic clock may stand still while a process is frozen; the wall clock may be set.
        passed = (time.monotonic() - self.monotonic, time.time() - self.wall)
        return all(0 <= seconds < self.seconds for seconds in passed)


class Lease(NamedTuple):
    """The generation that may be served; None: read the rows from the database."""

    generation: UUID | None
    queries: int
    """Database queries that it took to know: 0 or 1."""


class Leases:
    """The leases of this process, by dataset."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._held: dict[str, _Held] = {}

    def current(self, dataset: str) -> Lease:
        """The lease of the dataset, asked for anew if the last one has ended.

        Raises:
            Rejected, Retryable: the database.
        """
        held = self._held.get(dataset)
        if held is not None and held.is_valid():
            return Lease(held.generation, 0)
        monotonic, wall = time.monotonic(), time.time()
        lease = self._ask(dataset)
        if lease is None:
            self._held.pop(dataset, None)
            return Lease(None, 1)
        held = _Held(lease.generation, monotonic, wall, lease.seconds * _MARGIN)
        self._held[dataset] = held
        return Lease(lease.generation if held.is_valid() else None, 1)
