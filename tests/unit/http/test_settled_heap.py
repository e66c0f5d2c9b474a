"""Objects that outlive the first request are left alone by the garbage collector."""

import gc
from collections.abc import Iterator

import pytest

from tests.unit.http.api_client import call
from waybill.http.app import create_api
from waybill.http.settled_heap import SettledHeap


class _Thing:
    """Something that the collector tracks."""


@pytest.fixture(autouse=True)
def unfrozen() -> Iterator[None]:
    gc.unfreeze()
    yield
    gc.unfreeze()


def _is_examined(thing: object) -> bool:
    """Whether the collector goes through it."""
    return any(each is thing for each in gc.get_objects())


def test_what_the_first_request_leaves_is_permanent() -> None:
    kept = _Thing()
    assert _is_examined(kept)
    call(create_api("test").resolve, "GET", "/things")
    assert not _is_examined(kept)


def test_what_later_requests_leave_is_collected() -> None:
    heap = SettledHeap()
    heap.settle()
    later = _Thing()
    heap.settle()
    assert _is_examined(later)
