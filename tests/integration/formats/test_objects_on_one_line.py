"""JSON objects that share a line of the file are separate records."""

from collections.abc import Callable, Iterator

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection, Database

_TABLES = """
CREATE TABLE ships (id integer PRIMARY KEY);
CREATE TABLE cargo (
    id integer PRIMARY KEY,
    label text UNIQUE,
    ship_id integer REFERENCES ships
);
SELECT waybill.register_dataset('ships');
SELECT waybill.register_dataset('cargo');
"""


@pytest.fixture
def admin(
    database: Database, environment_of: Callable[[Database, str], None]
) -> Iterator[Connection]:
    environment_of(database, "pipeline")
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(_TABLES)
        yield connection


def load(cloud: Cloud, dataset: str, text: str, second: int = 0) -> None:
    land(cloud, dataset, f"{second}.json", text.encode(), second=second)
    settle(cloud)


def counts(admin: Connection) -> tuple[object, ...] | None:
    return admin.execute(
        "SELECT state, read, inserted, superseded, rejected, pending_reference"
        " FROM waybill.ingestion_jobs WHERE dataset = 'cargo'"
    ).fetchone()


def test_the_later_of_two_objects_with_one_key_wins(admin: Connection, cloud: Cloud) -> None:
    load(
        cloud,
        "cargo",
        '{"id":1,"label":"a","ship_id":null}{"id":1,"label":"b","ship_id":null}'
        '{"id":2,"label":"c","ship_id":null}\n',
    )
    assert counts(admin) == ("COMPLETED", 3, 2, 1, 0, 0)
    rows = admin.execute("SELECT id, label FROM cargo ORDER BY id").fetchall()
    assert rows == [(1, "b"), (2, "c")]


def test_both_wait_for_their_parents_and_are_loaded_with_them(
    admin: Connection, cloud: Cloud
) -> None:
    load(cloud, "cargo", '{"id":1,"label":"a","ship_id":7}{"id":2,"label":"b","ship_id":7}\n')
    assert counts(admin) == ("COMPLETED", 2, 0, 0, 0, 2)
    load(cloud, "ships", '{"id":7}{"id":8}\n', second=1)
    rows = admin.execute("SELECT id, label, ship_id FROM cargo ORDER BY id").fetchall()
    assert rows == [(1, "a", 7), (2, "b", 7)]


def test_each_is_rejected_for_its_own_reason(admin: Connection, cloud: Cloud) -> None:
    load(cloud, "cargo", '{"id":"x"}{"id":1,"label":"a"}{"id":2,"label":"a"}{"label":"b"}\n')
    assert counts(admin) == ("COMPLETED_WITH_REJECTS", 4, 1, 0, 3, 0)
    assert admin.execute("SELECT id, label FROM cargo").fetchall() == [(1, "a")]
