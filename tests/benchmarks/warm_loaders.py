"""Functions `load` as they are deployed: processes that take the next message when they are free.

They start before what is measured, as those of Lambda that are warm.
"""

import os
import queue
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tests.benchmarks.warm_loader import WarmLoader
from tests.postgres.databases import Database
from tests.stateful.fake_aws import Message

LOADERS = os.cpu_count() or 1
"""They share the cores with the server: more would only take turns."""
QUEUE = "chunks"


class WarmLoaders:
    """Processes of one database.

    They are told what the objects hold, by key: a file, or the name of a case of `stage_object`.
    Messages for other queues are given to `send`, in another thread.
    """

    def __init__(
        self,
        database: Database,
        count: int,
        objects: Mapping[str, Path | str],
        send: Callable[[str, Message], None],
    ) -> None:
        self._all = [WarmLoader(database) for _ in range(count)]
        self._free: queue.SimpleQueue[WarmLoader] = queue.SimpleQueue()
        for loader in self._all:
            loader.wait_until_ready()
            self._free.put(loader)
        self._objects, self._send = objects, send
        self._pool = ThreadPoolExecutor(count)
        self._runs: deque[Future[None]] = deque()

    def take(self, message: Message) -> None:
        """Load it as soon as a loader is free."""
        self._runs.append(self._pool.submit(self._run, message))

    def wait(self) -> None:
        """Until all messages are done, those that loaders sent on included."""
        while self._runs:
            self._runs.popleft().result()

    @property
    def cpu(self) -> float:
        """CPU seconds of all, since they were ready."""
        return float(sum(loader.used["cpu"] for loader in self._all))

    @property
    def megabytes(self) -> float:
        """Peak memory of the largest: each would be a sandbox of its own."""
        return float(max(loader.used["megabytes"] for loader in self._all))

    def close(self) -> None:
        """Let them end."""
        self._pool.shutdown()
        for loader in self._all:
            loader.close()

    def _run(self, message: Message) -> None:
        loader = self._free.get()
        try:
            for name, sent in loader.run(message, self._objects):
                if name == QUEUE:
                    self.take(sent)
                else:
                    self._send(name, sent)
        finally:
            # One that has died fails whoever takes it next, rather than being waited for.
            self._free.put(loader)


class HandedOver(list[Message]):
    """A queue for `FakeSqs` whose messages loaders take at once, while the sender is at work."""

    def __init__(self, loaders: WarmLoaders) -> None:
        super().__init__()
        self._loaders = loaders

    def append(self, message: Message) -> None:
        """Hand it over."""
        self._loaders.take(message)
