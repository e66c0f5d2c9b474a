"""Runs an iterator in a thread, so that items are produced while earlier ones are used."""

import queue
import threading
from collections.abc import Generator, Iterator
from typing import NamedTuple, TypeVar

from waybill.errors import Unavailable

Item = TypeVar("Item")
_POLL_SECONDS = 0.5


class _End(NamedTuple):
    error: BaseException | None


def prefetch(
    items: Iterator[Item], depth: int, timeout_seconds: float
) -> Generator[Item, None, None]:
    """Yield the items of an iterator that runs in a thread, at most `depth` items in advance.

    Closing the generator stops the thread. A thread that hangs cannot be stopped; it is a daemon
    and does not keep the process alive.

    Raises:
        Unavailable: `storage-stalled`, no item arrived within the timeout.
        BaseException: whatever the iterator raises.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(depth)
    stopped = threading.Event()
    thread = threading.Thread(target=_run, args=(items, waiting, stopped), daemon=True)
    thread.start()
    try:
        while True:
            try:
                item = waiting.get(timeout=timeout_seconds)
            except queue.Empty:
                detail = f"No data arrived for {timeout_seconds:g} seconds."
                raise Unavailable("storage-stalled", detail) from None
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()


def _run(
    items: Iterator[Item], waiting: "queue.Queue[Item | _End]", stopped: threading.Event
) -> None:
    end = _End(None)
    try:
        for item in items:
            if not _put(item, waiting, stopped):
                return
    except BaseException as error:
        end = _End(error)
    _put(end, waiting, stopped)


def _put(
    item: "Item | _End", waiting: "queue.Queue[Item | _End]", stopped: threading.Event
) -> bool:
    """Put the item into the queue; False if the consumer has stopped."""
    while not stopped.is_set():
        try:
            waiting.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False
