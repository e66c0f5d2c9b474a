"""The thread that encodes blocks while earlier ones are copied."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from functions.pipeline.load.prefetch import prefetch
from waybill.errors import Rejected, Unavailable


def test_items_come_in_order() -> None:
    assert list(prefetch(iter(range(100)), 2, 5)) == list(range(100))


def test_an_error_comes_after_the_items_before_it() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise Rejected("object-missing", "It is gone.")

    items = prefetch(failing(), 2, 5)
    assert next(items) == 1
    with pytest.raises(Rejected, match="object-missing"):
        next(items)


def test_at_most_depth_items_are_prefetched() -> None:
    made: list[int] = []
    done = threading.Event()

    def counting() -> Iterator[int]:
        try:
            for number in range(100):
                made.append(number)
                yield number
        finally:
            done.set()

    with closing(prefetch(counting(), 2, 5)) as items:
        assert next(items) == 0
        threading.Event().wait(0.2)
        assert len(made) <= 4
    assert done.wait(5)


def test_a_stalled_source_times_out() -> None:
    release = threading.Event()

    def hanging() -> Iterator[int]:
        release.wait(20)
        yield 1

    with pytest.raises(Unavailable, match="storage-stalled"):
        next(prefetch(hanging(), 2, 0.1))
    release.set()
