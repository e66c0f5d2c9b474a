"""The schedule publishes unpublished events without waking a paused database."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.pipeline.publish.handler import handle
from tests.cloud.fixtures import STATE, Cloud
from tests.cloud.lambda_events import Context
from tests.postgres.databases import Connection, Database
from waybill.errors import Unavailable
from waybill.ids import new_id
from waybill.state.bucket import StateBucket
from waybill.state.next_publication import NextTime

EVENT: dict[str, Any] = json.loads(Path("events/publish.json").read_text())


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "waybill_publish")
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        yield connection


def leave(admin: Connection, count: int) -> None:
    admin.execute(
        "INSERT INTO waybill.outbox (kind, payload) SELECT 'job.finished',"
        " jsonb_build_object('n', n) FROM generate_series(1, %s) AS n",
        (count,),
    )


@pytest.mark.usefixtures("admin")
def test_without_a_marker_the_database_is_not_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert handle(EVENT, Context()) == {"published": 0}


def add_source(admin: Connection, age: str) -> None:
    admin.execute(
        "INSERT INTO waybill.data_sources (name, kind, connection, dataset, late_after_seconds,"
        " last_success_at) VALUES ('pier', 'rest', '{}', 'departments', 3600,"
        " now() - %s::interval)",
        (age,),
    )


def stored(cloud: Cloud) -> NextTime:
    return StateBucket(cloud.s3, STATE).next_publication.find().next


def test_a_source_that_becomes_late_is_reported_though_nothing_else_happens(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = StateBucket(cloud.s3, STATE)
    add_source(admin, "59 minutes")
    state.markers.put(new_id())
    assert handle(EVENT, Context()) == {"published": 0}
    state.markers.delete(state.markers.list())
    at = stored(cloud).at
    assert at is not None
    with monkeypatch.context() as patch:
        patch.setenv("DATABASE_PORT", "1")
        assert handle(EVENT, Context()) == {"published": 0}
    admin.execute("UPDATE waybill.data_sources SET last_success_at = now() - interval '2 hours'")
    state.next_publication.replace(state.next_publication.find(), at - timedelta(hours=1))
    assert handle(EVENT, Context()) == {"published": 1}
    assert [detail["source"] for detail in cloud.reported()] == ["pier"]
    assert stored(cloud).at is None
    monkeypatch.setenv("DATABASE_PORT", "1")
    assert handle(EVENT, Context()) == {"published": 0}


def test_the_digest_of_a_late_source_is_made_when_it_is_due(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(
        "INSERT INTO waybill.receivers VALUES ('crew',"
        " '{\"quiet_seconds\": 60, \"max_wait_seconds\": 900}', 'receivers/crew.toml')"
    )
    add_source(admin, "2 hours")
    admin.execute("""UPDATE waybill.data_sources SET notify = '{"crew": ["late"]}'""")
    StateBucket(cloud.s3, STATE).markers.put(new_id())
    assert handle(EVENT, Context()) == {"published": 1}
    row = admin.execute("SELECT max(created_at) FROM waybill.notifications").fetchone()
    assert row is not None
    assert stored(cloud).at == row[0] + timedelta(seconds=60)


def test_a_time_that_was_requested_meanwhile_is_not_replaced(cloud: Cloud) -> None:
    times = StateBucket(cloud.s3, STATE).next_publication
    before = times.find()
    times.request()
    times.replace(before, None)
    requested = times.find()
    assert requested.next.is_request
    times.replace(requested, None)
    assert times.find() == requested


def test_unpublished_events_are_published_in_order(admin: Connection, cloud: Cloud) -> None:
    StateBucket(cloud.s3, STATE).markers.put(new_id())
    leave(admin, 25)
    assert handle(EVENT, Context()) == {"published": 25}
    assert [detail["n"] for detail in cloud.reported()] == list(range(1, 26))
    assert handle(EVENT, Context()) == {"published": 0}
    assert len(StateBucket(cloud.s3, STATE).markers.list()) == 1


def test_refused_events_stay_and_the_others_are_published(
    admin: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    StateBucket(cloud.s3, STATE).markers.put(new_id())
    leave(admin, 3)
    responses = [{"EventId": "1"}, {"ErrorCode": "InternalFailure"}, {"EventId": "3"}]
    with monkeypatch.context() as patch:
        patch.setattr(cloud.events, "put_events", lambda **_: {"Entries": responses})
        with pytest.raises(Unavailable):
            handle(EVENT, Context())
    assert handle(EVENT, Context()) == {"published": 1}
    assert [detail["n"] for detail in cloud.reported()] == [2]
