"""A lease ends in time, even if the process was frozen or a clock was set."""

import time
from uuid import UUID

import pytest

from waybill.cache.leases import Leases
from waybill.database.lookups import GenerationLease

FIRST = UUID(int=1)


class Clocks:
    """Both clocks, as the test sets them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monotonic = 1000.0
        self.wall = 1_700_000_000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.monotonic)
        monkeypatch.setattr(time, "time", lambda: self.wall)

    def pass_seconds(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    return Clocks(monkeypatch)


def leases(clocks: Clocks, seconds: float = 2.0, delay: float = 0.0) -> tuple[Leases, list[str]]:
    questions: list[str] = []

    def ask(dataset: str) -> GenerationLease:
        questions.append(dataset)
        clocks.pass_seconds(delay)
        return GenerationLease(FIRST, seconds)

    return Leases(ask), questions


def test_within_a_lease_the_database_is_not_queried(clocks: Clocks) -> None:
    held, questions = leases(clocks)
    assert (held.current("a"), held.current("a")) == ((FIRST, 1), (FIRST, 0))
    clocks.pass_seconds(1.7)
    assert held.current("a") == (FIRST, 0)
    assert questions == ["a"]


def test_a_lease_ends_a_tenth_early(clocks: Clocks) -> None:
    held, questions = leases(clocks)
    held.current("a")
    clocks.pass_seconds(1.81)
    assert held.current("a") == (FIRST, 1)
    assert questions == ["a", "a"]


def test_a_lease_begins_before_its_request(clocks: Clocks) -> None:
    held, _ = leases(clocks, delay=1.0)
    held.current("a")
    clocks.pass_seconds(0.9)
    assert held.current("a").queries == 1


def test_a_response_that_takes_longer_than_the_lease_grants_nothing(clocks: Clocks) -> None:
    held, _ = leases(clocks, delay=2.5)
    assert held.current("a") == (None, 1)


@pytest.mark.parametrize("clock", ["monotonic", "wall"])
@pytest.mark.parametrize("seconds", [-5.0, 5.0])
def test_a_clock_that_jumps_ends_the_lease(clocks: Clocks, clock: str, seconds: float) -> None:
    held, _ = leases(clocks)
    held.current("a")
    setattr(clocks, clock, getattr(clocks, clock) + seconds)
    assert held.current("a").queries == 1


def test_a_refused_lease_is_requested_again(clocks: Clocks) -> None:
    granted = [None, GenerationLease(FIRST, 2.0), None]
    held = Leases(lambda _dataset: granted.pop(0))
    assert [held.current("a") for _ in range(2)] == [(None, 1), (FIRST, 1)]
    clocks.pass_seconds(3)
    assert held.current("a") == (None, 1)


def test_each_dataset_has_its_own_lease(clocks: Clocks) -> None:
    held, questions = leases(clocks)
    held.current("a")
    held.current("b")
    assert questions == ["a", "b"]
