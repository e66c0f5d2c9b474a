"""Rows of a batch are written like those of a file that lands now."""

from uuid import UUID

import pytest

from functions.api.batch.models import BatchResponse
from tests.cloud.fixtures import STATE, Cloud
from tests.integration.batch.batch_rows import SALES, errors, hire, rows
from tests.integration.batch.conftest import Post, publish_all
from tests.postgres.databases import Connection, Database
from waybill.state.bucket import StateBucket


def test_rows_are_written_with_a_waybill(post: Post, database: Database, cloud: Cloud) -> None:
    response = post("departments", [SALES, {"id": "2", "department": "R&D"}])
    assert response.status == 200, response.text
    reported = BatchResponse.model_validate(response.json())
    assert (reported.state, reported.rows_written, reported.errors) == ("COMPLETED", 2, [])
    assert (reported.waybill.read, reported.waybill.inserted) == (2, 2)
    assert reported.latency_ms > 0
    assert response.headers["Location"] == f"https://api.example.com/v1/jobs/{reported.job_id}"
    found = rows(database, "SELECT id, department FROM departments ORDER BY id")
    assert found == [(1, "Sales"), (2, "R&D")]
    assert [event["job_id"] for event in cloud.reported()] == [str(reported.job_id)]
    assert len(StateBucket(cloud.s3, STATE).markers.list()) == 1
    assert post("departments", [SALES]).json()["waybill"]["unchanged"] == 1


def test_numbers_are_validated_as_written(post: Post, database: Database) -> None:
    with database.connect() as connection:
        _parcels(connection)
    body = '{"rows": [{"code": "a", "weight": 1.10, "big": 123456789012345678901234567890.5}]}'
    assert post("departments", '{"rows": [{"id": 5.0, "department": "x"}]}').status == 422
    refused = post("departments", '{"rows": [{"id": 1e0, "department": "x"}]}')
    assert errors(refused) == [(0, "id", "invalid_integer")]
    assert post("parcels", body).problem() == (404, "unknown-dataset")


def _parcels(connection: Connection) -> None:
    connection.execute("SET ROLE waybill_owner")
    connection.execute(
        "CREATE TABLE parcels (code text PRIMARY KEY, weight numeric(5,2), big numeric,"
        " note jsonb, sent boolean, day date DEFAULT '2026-01-01', CHECK (weight <> 13))"
    )
    connection.execute("SELECT waybill.register_dataset('parcels')")


@pytest.fixture
def parcels(post: Post, database: Database, cloud: Cloud) -> Post:
    with database.connect() as connection:
        _parcels(connection)
    publish_all(cloud, database)
    return post


def test_an_unseen_table_is_written(parcels: Post, database: Database) -> None:
    body = (
        '{"rows": [{"code": "a", "weight": 1.10, "big": 123456789012345678901234567890.50,'
        ' "note": {"n": 1.0, "t": ["ä", null]}, "sent": true},'
        ' {"code": "b", "weight": "", "note": "text", "sent": "f"}]}'
    )
    response = parcels("parcels", body)
    assert response.status == 200, response.text
    found = rows(
        database, "SELECT code, weight::text, big::text, note::text, sent, day::text FROM parcels"
    )
    assert found == [
        ("a", "1.10", "123456789012345678901234567890.50", '{"n": 1.0, "t": ["ä", null]}', True,
         "2026-01-01"),
        ("b", None, None, '"text"', False, "2026-01-01"),
    ]  # fmt: skip


def test_a_removed_column_is_an_error(parcels: Post, database: Database) -> None:
    assert parcels("parcels", [{"code": "a", "sent": True}]).status == 200
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("ALTER TABLE parcels DROP COLUMN sent")
    response = parcels("parcels", [{"code": "b", "sent": True}])
    assert response.problem() == (503, "database-busy")
    assert parcels("parcels", [{"code": "b"}]).status == 200


def test_rows_that_the_database_refuses_are_reported(parcels: Post, database: Database) -> None:
    given = [{"code": "a", "weight": 13}, {"code": "b", "weight": 14}]
    refused = parcels("parcels", given)
    assert refused.problem() == (422, "batch-refused")
    assert [found[0] for found in errors(refused)] == [0]
    assert refused.json()["errors"][0]["pointer"].startswith("/rows/0")
    response = parcels("parcels", given, mode="partial")
    assert (response.status, response.json()["rows_written"]) == (200, 1)
    assert rows(database, "SELECT code FROM parcels") == [("b",)]


def test_aliases_are_accepted(post: Post, database: Database) -> None:
    row = {"Id": 1, "name": "Ada", "datetime": "2021-07-27T16:02:08+02:00"}
    assert post("hired_employees", [row]).status == 200
    assert rows(database, "SELECT hire_dt::text FROM hired_employees") == [
        ("2021-07-27 14:02:08+00",)
    ]


def test_the_dataset_may_be_named_twice_but_must_exist(post: Post) -> None:
    assert post("nowhere", [SALES]).problem() == (404, "unknown-dataset")
    assert post("departments", [SALES], table="departments").status == 200


def test_a_thousand_rows_are_written(post: Post, database: Database) -> None:
    response = post("hired_employees", [hire(number) for number in range(1000)])
    assert response.json()["rows_written"] == 1000
    assert rows(database, "SELECT count(*) FROM hired_employees") == [(1000,)]


def test_the_same_key_returns_the_stored_response(post: Post, database: Database) -> None:
    first = post("departments", [SALES], key="k")
    again = post("departments", [SALES], key="k")
    assert (again.status, again.json()) == (first.status, first.json())
    assert rows(database, "SELECT count(*) FROM waybill.ingestion_jobs") == [(1,)]
    assert post("departments", [{**SALES, "id": 2}], key="k").problem() == (422, "key-reused")
    assert post("departments", [SALES], key="other").json()["job_id"] != first.json()["job_id"]
    assert post("departments", [SALES], key="x" * 256).problem() == (422, "invalid-request")


def test_a_key_in_flight_is_a_conflict(post: Post, database: Database) -> None:
    with database.connect("api", autocommit=False) as connection:
        connection.execute("SELECT waybill.get_idempotent_response('k', 'departments', 'x')")
        assert post("departments", [SALES], key="k").problem() == (409, "key-in-flight")


def test_a_taken_lock_gives_retry_after(post: Post, database: Database) -> None:
    with database.connect(autocommit=False) as connection:
        connection.execute("SELECT waybill.lock_merge('departments')")
        response = post("departments", [SALES])
    assert response.problem() == (503, "database-busy")
    assert int(response.headers["Retry-After"]) > 0
    assert post("departments", [SALES]).status == 200


def test_a_job_that_waited_for_a_parent_is_unblocked(post: Post, cloud: Cloud) -> None:
    waiting = post("hired_employees", [hire(1, department_id=1)], mode="partial").json()
    assert waiting["waybill"]["pending_reference"] == 1
    cloud.bodies("merges")
    post("departments", [SALES])
    assert cloud.bodies("merges") == [{"pending_job_id": waiting["job_id"]}]


def test_an_unpublished_event_does_not_undo_the_write(
    post: Post, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    monkeypatch.setattr(cloud.events, "put_events", _no_bus)
    response = post("departments", [SALES])
    assert response.status == 200
    assert UUID(response.json()["job_id"])
    left = rows(database, "SELECT count(*) FROM waybill.outbox WHERE published_at IS NULL")
    assert left == [(1,)]


def _no_bus(**_: object) -> object:
    return {"Entries": [{"ErrorCode": "InternalFailure"}]}


FAILING = """
CREATE TABLE failing (id int PRIMARY KEY);
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'no such thing' USING ERRCODE = '{state}';
END $$;
CREATE TRIGGER fail BEFORE INSERT ON failing FOR EACH ROW EXECUTE FUNCTION fail();
SELECT waybill.register_dataset('failing');
"""


def test_a_routine_that_a_deployment_replaces_refuses_no_row(
    post: Post, database: Database
) -> None:
    row = [{"id": 1, "department": "Sales"}]
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute("ALTER FUNCTION waybill.apply_rows RENAME TO replaced")
        assert post("departments", row).problem() == (503, "database-changing")
        connection.execute("ALTER FUNCTION waybill.replaced RENAME TO apply_rows")
    assert post("departments", row).status == 200


@pytest.fixture(params=["42P01", "0A000", "40001", "53100"])
def failing_state(request: pytest.FixtureRequest, database: Database, cloud: Cloud) -> str:
    """The SQLSTATE with which every write to the dataset `failing` fails."""
    state: str = request.param
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(FAILING.format(state=state).encode())
    publish_all(cloud, database)
    return state


@pytest.mark.parametrize("mode", ["atomic", "partial"])
def test_a_table_whose_code_fails_for_every_row_refuses_the_batch(
    post: Post, database: Database, failing_state: str, mode: str
) -> None:
    response = post("failing", [{"id": 1}, {"id": 2}], mode=mode)
    if failing_state in ("42P01", "0A000"):
        assert response.problem() == (422, "batch-refused"), response.text
        (error,) = response.json()["errors"]
        assert (error["row"], error["code"]) == (0, "refused_by_table")
        assert "no such thing" in error["message"]
    else:
        assert response.status == 503
    assert rows(database, "SELECT count(*) FROM waybill.ingestion_jobs") == [(0,)]
