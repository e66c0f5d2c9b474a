"""Waiting requests are limited, per client and in total."""

from collections.abc import Iterator

import pytest

from tests.postgres.databases import Connection, Database
from waybill.database.waits import Waits


@pytest.fixture
def sessions(database: Database) -> Iterator[list[Connection]]:
    opened = [database.connect("waybill_jobs") for _ in range(4)]
    yield opened
    for each in opened:
        each.close()


def begin(session: Connection, client: str, kind: str = "job") -> bool:
    return Waits(session).begin(kind, client, per_client=2, total=3)


def test_a_client_has_so_many_places(sessions: list[Connection]) -> None:
    assert [begin(session, "a") for session in sessions] == [True, True, False, False]
    assert begin(sessions[2], "b")
    # There are three in all.
    assert not begin(sessions[3], "c")
    assert begin(sessions[3], "c", "figures")


def test_a_place_is_free_after_its_end(sessions: list[Connection]) -> None:
    assert [begin(session, "a") for session in sessions[:2]] == [True, True]
    Waits(sessions[0]).end()
    assert [begin(session, "a") for session in sessions[2:]] == [True, False]


def test_a_place_is_free_when_its_session_is_closed(sessions: list[Connection]) -> None:
    assert [begin(session, "a") for session in sessions[:3]] == [True, True, False]
    sessions[0].close()
    # The server notices the end of a session soon, not at once.
    for _ in range(100):
        if begin(sessions[2], "a"):
            break
        sessions[3].execute("SELECT pg_sleep(0.05)")
    else:
        pytest.fail("the place is still taken")


def test_a_refused_request_keeps_no_place(sessions: list[Connection]) -> None:
    assert [begin(sessions[0], "a"), begin(sessions[1], "b"), begin(sessions[2], "c")] == [True] * 3
    assert not begin(sessions[3], "d")
    (count,) = sessions[3].execute(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
    ).fetchone() or (None,)
    assert count == 0
