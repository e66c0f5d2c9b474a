"""The schedule publishes unpublished events without waking a paused database."""

import json
from collections.abc import Callable, Iterator
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
