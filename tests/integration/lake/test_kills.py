"""Kills before and after every call to the database and the storage: no row is lost or doubled."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from functions.pipeline.load.handler import handle
from tests.cloud.lambda_events import Context
from tests.integration.lake.conftest import Lake
from waybill.database import lake as database_lake
from waybill.errors import WaybillError
from waybill.state.dataset_exports import DatasetExports
from waybill.state.lake import LakeFiles

_ROWS = 8_000
_CALLS = [
    (owner, name)
    for owner in (database_lake.Lake, LakeFiles, DatasetExports)
    for name in vars(owner)
    if not name.startswith("_") and name not in ("documents", "restore", "has_work", "url")
]


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, count: int, *, after: bool) -> Callable[[], int]:
    """Kill at the call of this number, of any kind; returns how many there were."""
    calls = 0

    def wrap(owner: type, name: str) -> None:
        kept = getattr(owner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            this = calls
            if this == count and not after:
                raise Killed
            result = kept(*args, **kwargs)
            if this == count:
                raise Killed
            return result

        monkeypatch.setattr(owner, name, call)

    for owner, name in _CALLS:
        wrap(owner, name)
    return lambda: calls


def deliver_until_done(lake: Lake, partition: UUID) -> int:
    """Deliver the message until the work is done; how often it was killed."""
    for kills in range(100):
        try:
            lake.deliver(partition)
        except Killed:
            continue
        return kills
    raise AssertionError("it is killed for ever")


def everything(lake: Lake) -> list[int]:
    """The keys of all rows, wherever they are: in the table, or in the lake."""
    table = [row[0] for row in lake.admin.execute("SELECT id FROM kinds").fetchall()]
    stored = [row["id"] for row in lake.stored()] if lake.state() == "ARCHIVED" else []
    return sorted([*table, *stored])


def _calls(monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> int:
    with monkeypatch.context() as patch:
        count = kill_at(patch, 0, after=False)
        action()
        return count()


@pytest.mark.parametrize("after", [False, True])
def test_every_row_is_there_once_whatever_call_is_killed(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setenv("EXPORT_FILE_BYTES", "1")
    lake.fill("2019", _ROWS)
    lake.fill("2024", 5, 10_000)
    before, keys = lake.rows(), everything_once()
    archived = _calls(monkeypatch, lake.archive)
    restored = _calls(monkeypatch, lake.restore)
    assert lake.rows() == before
    assert len(lake.objects()) == 0
    assert archived > 30
    # A kill after a call is one before the next: both together are every place.
    for number in range(1, max(archived, restored) + 1, 2):
        lake.let_go()
        (partition,) = lake.due()
        with monkeypatch.context() as patch:
            kill_at(patch, number, after=after)
            deliver_until_done(lake, partition)
        assert lake.state() == "ARCHIVED", lake.document()
        assert everything(lake) == keys
        assert lake.one("SELECT count(*) FROM kinds") == 5
        lake.ask()
        with monkeypatch.context() as patch:
            kill_at(patch, number, after=after)
            deliver_until_done(lake, partition)
        assert lake.state() == "RESTORED", lake.document()
        assert lake.rows() == before
        assert lake.objects() == []


def everything_once() -> list[int]:
    """The keys that the test writes."""
    return sorted([*range(1, _ROWS + 1), *range(10_000, 10_005)])


def test_two_deliveries_at_once_do_a_step_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXPORT_FILE_BYTES", "1")
    lake.fill("2019", _ROWS)
    (partition,) = lake.due()
    again = True

    def twice(owner: type, name: str) -> None:
        kept = getattr(owner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal again
            if again:
                again = False
                lake.deliver(partition)
            return kept(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    # The other delivery does everything before this one records its file.
    twice(DatasetExports, "put")
    lake.deliver(partition)
    assert lake.state() == "ARCHIVED"
    assert sorted(row["id"] for row in lake.stored()) == list(range(1, _ROWS + 1))
    lake.ask()
    again = True
    twice(LakeFiles, "read")
    lake.deliver(partition)
    assert lake.state() == "RESTORED"
    assert lake.one("SELECT count(*) FROM kinds") == _ROWS


def test_a_message_that_always_fails_leaves_the_rows_where_they_are(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.fill("2019", 10)
    (partition,) = lake.due()

    def broken(*_args: object, **_kwargs: object) -> None:
        raise WaybillError("internal-error", "broken")

    monkeypatch.setattr(LakeFiles, "copy", broken)
    for _ in range(3):
        lake.deliver(partition)
        for record in lake.cloud.take("chunks"):
            handle({"Records": [record]}, Context())
    assert lake.state() == "FAILED"
    assert lake.one("SELECT count(*) FROM kinds") == 10
    assert lake.objects() == []
