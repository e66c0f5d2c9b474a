"""Batches: written like files, with idempotency keys and absent fields."""

import json
from uuid import uuid4

import psycopg
import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import PRICES, register
from waybill.ids import new_id


def test_a_batch_is_written_like_a_file(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "Sales")])
    rows: list[dict[str, str | None]] = [
        {"id": "1", "department": "Sales"},
        {"id": "2", "department": "Support"},
        {"id": "2", "department": "Help"},
    ]
    job, response = batch(ledger, "departments", rows)
    assert response["state"] == "COMPLETED"
    assert ledger.waybill(job) == {"read": 3, "unchanged": 1, "inserted": 1, "superseded": 1}
    assert ledger.rows("SELECT department FROM departments ORDER BY id") == [("Sales",), ("Help",)]


def test_an_atomic_batch_is_refused_whole(ledger: Ledger) -> None:
    rows: list[dict[str, str | None]] = [
        {"id": "1", "name": "N", "hire_dt": "2021-01-01T00:00:00Z", "department_id": None},
        {"id": "2", "name": "N", "hire_dt": "2021-01-01T00:00:00Z", "department_id": "9"},
    ]
    with pytest.raises(psycopg.Error) as caught:
        batch(ledger, "hired_employees", rows)
    assert caught.value.sqlstate == "WB009"
    (error,) = json.loads(caught.value.diag.message_detail or "")
    assert (error["row"], error["column"], error["code"]) == (
        1,
        "department_id",
        "unknown_reference",
    )
    assert ledger.rows("SELECT count(*) FROM waybill.ingestion_jobs") == [(0,)]
    job, response = batch(ledger, "hired_employees", rows, "partial")
    assert ledger.waybill(job) == {"read": 2, "inserted": 1, "pending_reference": 1}
    assert [error["row"] for error in response["errors"]] == [1]


def test_an_earlier_file_does_not_overwrite_a_batch(ledger: Ledger) -> None:
    early = ledger.land("departments", 1)
    ledger.stage(early, "departments", [(1, "early"), (2, "early")])
    batch(ledger, "departments", [{"id": "1", "department": "batch"}])
    assert ledger.merge(early)["outcome"] == "merged"
    assert ledger.waybill(early) == {"read": 2, "inserted": 1, "superseded": 1}


def test_a_key_returns_the_stored_response_and_is_not_reused(ledger: Ledger) -> None:
    with ledger.database.connect("api", autocommit=False) as connection:
        assert connection.execute(
            "SELECT waybill.get_idempotent_response('k', 'departments', 'a')"
        ).fetchone() == (None,)
        with (
            ledger.database.connect("api") as other,
            pytest.raises(psycopg.Error, match="is being written"),
        ):
            other.execute("SELECT waybill.get_idempotent_response('k', 'departments', 'a')")
        connection.execute(
            "SELECT waybill.put_idempotent_response('k', 'departments', 'a', '{\"x\": 1}')"
        )
        connection.commit()
        assert connection.execute(
            "SELECT waybill.get_idempotent_response('k', 'departments', 'a')"
        ).fetchone() == ({"x": 1},)
        with pytest.raises(psycopg.Error, match="another body"):
            connection.execute("SELECT waybill.get_idempotent_response('k', 'departments', 'b')")


def test_replayed_rejects_keep_the_landing_order_of_their_file(ledger: Ledger) -> None:
    ledger.declare(PRICES.format(options="max_rejects => 9"))
    first = ledger.load("prices", 1, [("a", 1), ("b", -1), ("c", -1)])
    ledger.load("prices", 2, [("b", 7)])
    ids = [row[0] for row in ledger.rows(
        "SELECT reject_id FROM waybill.validation_errors WHERE job_id = %s ORDER BY line", first
    )]  # fmt: skip
    replay = new_id()
    with ledger.database.connect("api") as connection:
        connection.execute("SELECT waybill.register_replay(%s, %s, %s)", (first, replay, ids))
        with pytest.raises(psycopg.Error, match="Not among the rejects"):
            connection.execute(
                "SELECT waybill.register_replay(%s, %s, %s)", (first, new_id(), ids[:1])
            )
    ledger.loader.execute(
        "SELECT job_id, state, is_new FROM"
        " waybill.register_object(%s, %s, 'prices', 'b', 'k', 'v', 'e', 3, 'f',"
        " now(), '{}')",
        (replay, new_id()),
    )
    ledger.stage(replay, "prices", [("b", 2), ("c", -3)])
    assert ledger.merge(replay)["outcome"] == "merged"
    assert ledger.waybill(replay) == {"read": 2, "superseded": 1, "rejected": 1}
    assert ledger.rows("SELECT code, price FROM prices ORDER BY 1") == [("a", 1), ("b", 7)]
    assert ledger.rows("SELECT waybill.rejects_remaining(%s)", first) == [(1,)]


PLACES = (
    "CREATE TABLE places (id integer PRIMARY KEY, a text DEFAULT 'new', b text,"
    " department_id integer REFERENCES departments);"
    "SELECT waybill.register_dataset('places')"
)


@pytest.fixture
def places(ledger: Ledger) -> Ledger:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(PLACES.encode())
    ledger.admin.execute("RESET ROLE")
    return ledger


def test_absent_field_keeps_its_value_whatever_other_rows_have(places: Ledger) -> None:
    places.load("places", 1, [(1, "x", "y", None), (2, "x", "y", None)])
    rows: list[dict[str, str | None]] = [
        {"id": "1", "a": "z"},
        {"id": "2", "a": None, "b": "w"},
        {"id": "3", "b": "v"},
    ]
    job, _ = batch(places, "places", rows)
    assert places.waybill(job) == {"read": 3, "updated": 2, "inserted": 1}
    assert places.rows("SELECT id, a, b FROM places ORDER BY id") == [
        (1, "z", "y"),
        (2, None, "w"),
        (3, "new", "v"),
    ]


def test_rows_of_one_key_are_applied_in_order(places: Ledger) -> None:
    rows: list[dict[str, str | None]] = [
        {"id": "1", "a": "first"},
        {"id": "1", "b": "second"},
        {"id": "1", "a": "third"},
    ]
    job, _ = batch(places, "places", rows)
    assert places.waybill(job) == {"read": 3, "inserted": 1, "updated": 2}
    assert places.rows("SELECT a, b FROM places") == [("third", "second")]


def test_rows_of_one_key_in_two_spellings_are_applied_in_order(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id uuid PRIMARY KEY, a text, b text)")
    key = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    rows: list[dict[str, str | None]] = [
        {"id": str(uuid4()), "a": "another"},
        {"id": key, "a": "first", "b": "x"},
        {"id": key.upper(), "a": "last"},
    ]
    job, _ = batch(ledger, "t", rows)
    assert ledger.waybill(job) == {"read": 3, "inserted": 2, "updated": 1}
    assert ledger.rows("SELECT a, b FROM t WHERE id = %s", key) == [("last", "x")]


def test_absent_field_of_a_pending_row_keeps_its_value(places: Ledger) -> None:
    places.load("places", 1, [(1, "x", "y", None), (2, "x", "y", None)])
    rows: list[dict[str, str | None]] = [
        {"id": "1", "department_id": "9"},
        {"id": "2", "a": "z", "department_id": "9"},
    ]
    job, _ = batch(places, "places", rows, "partial")
    assert places.waybill(job) == {"read": 2, "pending_reference": 2}
    places.load("departments", 9, [(9, "Sales")])
    places.resolve(job)
    assert places.rows("SELECT id, a, b, department_id FROM places ORDER BY id") == [
        (1, "x", "y", 9),
        (2, "z", "y", 9),
    ]


def test_a_row_supersedes_a_pending_one_of_its_key_earlier_in_the_batch(ledger: Ledger) -> None:
    ledger.load("jobs", 0, [(1, "Engineer")])
    hire: dict[str, str | None] = {"id": "1", "name": "N", "hire_dt": "2021-01-01T00:00:00Z"}
    rows: list[dict[str, str | None]] = [
        {**hire, "job_id": "1", "department_id": "9"},
        {"id": "2", "name": "other fields", "hire_dt": "2021-01-01T00:00:00Z"},
        {**hire, "job_id": "1", "department_id": None},
        # It has all that the next pending one has, and more.
        {**hire, "id": "3", "department_id": "9"},
        {**hire, "id": "3", "department_id": None, "job_id": None},
    ]
    job, _ = batch(ledger, "hired_employees", rows, "partial")
    assert ledger.waybill(job) == {"read": 5, "inserted": 3, "superseded": 2}
    ledger.load("departments", 1, [(9, "Ninth")])
    ledger.resolve(job)
    assert ledger.rows("SELECT id, department_id FROM hired_employees ORDER BY id") == [
        (1, None), (2, None), (3, None),
    ]  # fmt: skip
