"""The backend of a connection that keeps plans is killed: the next batch is written as ever."""

from typing import Any

import pytest

from functions.api.batch.deps import deps
from tests.integration.batch.batch_rows import SALES, rows
from tests.integration.batch.conftest import Post
from tests.integration.batch.kept_plans import ENGINEER, backend, finished, kept, load
from tests.postgres.databases import Database


def kill(database: Database) -> int:
    """End the connection's backend, and wait until it is gone. Which it was."""
    pid = backend()
    with database.connect() as admin:
        ended = admin.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,)).fetchone()
    assert ended == (True,)
    return pid


def test_after_its_backend_was_killed_the_next_batch_is_written(
    post: Post, database: Database
) -> None:
    assert load(post, "departments", SALES) == {"read": 1, "inserted": 1}
    assert kept() > 0
    former = kill(database)
    changed, more = SALES | {"department": "Trade"}, SALES | {"id": 2}
    assert load(post, "departments", changed, more) == {"read": 2, "inserted": 1, "updated": 1}
    assert backend() != former
    assert kept() > 0
    assert load(post, "departments", changed, more) == {"read": 2, "unchanged": 2}
    found = rows(database, "SELECT id, department FROM departments ORDER BY id")
    assert found == [(1, "Trade"), (2, "Sales")]
    assert finished(database) == [("COMPLETED", 3)]


def test_after_its_backend_was_killed_a_batch_of_another_dataset_is_written(
    post: Post, database: Database
) -> None:
    for again in (False, True):
        expected = {"read": 1, "unchanged" if again else "inserted": 1}
        assert load(post, "departments", SALES) == expected
        assert kept() > 0
        kill(database)
        assert load(post, "jobs", ENGINEER) == expected
        assert kept() > 0
        kill(database)
    assert rows(database, "SELECT id, department FROM departments") == [(1, "Sales")]
    assert rows(database, "SELECT id, job FROM jobs") == [(1, "Engineer")]
    assert finished(database) == [("COMPLETED", 4)]


def test_a_batch_whose_backend_is_killed_is_written_once(
    post: Post, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(post, "departments", SALES)
    markers = deps().state.markers
    put = markers.put
    kills: list[tuple[Any, ...]] = []

    def kill_first(subject: Any) -> None:
        # Sent already, and not committed before the marker is there.
        if not kills:
            with database.connect() as admin:
                killed = admin.execute(
                    "SELECT pid, pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                    " WHERE application_name = 'waybill-batch' AND datname = current_database()"
                )
                kills.extend(killed.fetchall())
        put(subject)

    monkeypatch.setattr(markers, "put", kill_first)
    changed = SALES | {"department": "Trade"}
    assert load(post, "departments", changed, SALES | {"id": 2}) == {
        "read": 2, "inserted": 1, "updated": 1,
    }  # fmt: skip
    assert [ended for _, ended in kills] == [True]
    assert finished(database) == [("COMPLETED", 2)]
    found = rows(database, "SELECT id, department FROM departments ORDER BY id")
    assert found == [(1, "Trade"), (2, "Sales")]
