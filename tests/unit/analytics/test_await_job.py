"""Waiting for a job ends when the figures include its rows, or with the reason."""

from uuid import UUID, uuid4

import pytest

from functions.api.analytics.await_job import NotFreshYet, await_job
from waybill.errors import NotFound
from waybill.ids import new_id


class Clock:
    """Time passes only when someone sleeps."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    monkeypatch.setattr("time.sleep", clock.sleep)
    return clock


class Sequence:
    """What is seen of a job, look by look; the last is seen for ever."""

    def __init__(self, *seen: str) -> None:
        self.seen = list(seen)
        self.looks = 0

    def __call__(self, _: UUID) -> str:
        self.looks += 1
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]


def test_a_visible_job_takes_one_query(clock: Clock) -> None:
    seen = Sequence("visible")
    await_job(seen, new_id())
    assert (seen.looks, clock.now) == (1, 1_000.0)


def test_a_job_is_awaited_until_the_views_include_it(clock: Clock) -> None:
    seen = Sequence("unknown", "open", "open", "stale", "visible")
    await_job(seen, new_id())
    assert seen.looks == 5
    assert clock.now < 1_002


@pytest.mark.parametrize("state", ["open", "stale"])
def test_an_invisible_job_times_out(clock: Clock, state: str) -> None:
    with pytest.raises(NotFreshYet) as raised:
        await_job(Sequence(state), new_id(), seconds=10)
    assert raised.value.status == 503
    assert 1_009 < clock.now <= 1_010


@pytest.mark.parametrize("job", [uuid4(), new_id(0)])
def test_an_unknown_id_that_is_not_new_is_refused_at_once(clock: Clock, job: UUID) -> None:
    with pytest.raises(NotFound, match="unknown-job"):
        await_job(Sequence("unknown"), job)
    assert clock.now == 1_000.0


def test_a_new_unknown_id_is_awaited(clock: Clock) -> None:
    with pytest.raises(NotFound, match="unknown-job"):
        await_job(Sequence("unknown"), new_id(), seconds=10)
    assert clock.now > 1_009
