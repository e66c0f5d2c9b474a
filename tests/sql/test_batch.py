"""Batches, idempotency keys, dry runs, limits, replacement, replay, content."""

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.staging import Ledger
from waybill.ids import new_id


def batch(
    ledger: Ledger, dataset: str, rows: list[dict[str, str | None]], mode: str = "atomic"
) -> tuple[UUID, dict[str, Any]]:
    job = new_id()
    given = json.dumps([[n, row, json.dumps(row)] for n, row in enumerate(rows)])
    with ledger.database.connect("api") as connection:
        answer = connection.execute(
            "SELECT to_jsonb(b) FROM waybill.merge_batch(%s, %s, %s, %s) AS b",
            (job, dataset, given, mode),
        ).fetchone()
    assert answer is not None
    return job, answer[0]


def test_a_batch_is_written_like_a_file(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "Sales")])
    rows: list[dict[str, str | None]] = [
        {"id": "1", "department": "Sales"},
        {"id": "2", "department": "Support"},
        {"id": "2", "department": "Help"},
    ]
    job, answer = batch(ledger, "departments", rows)
    assert answer["state"] == "COMPLETED"
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
    job, answer = batch(ledger, "hired_employees", rows, "partial")
    assert ledger.waybill(job) == {"read": 2, "inserted": 1, "pending_reference": 1}
    assert [error["row"] for error in answer["errors"]] == [1]


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


def register(ledger: Ledger, statement: str) -> None:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(statement.encode())
    ledger.admin.execute("RESET ROLE")


PRICES = """
CREATE TABLE prices (code text PRIMARY KEY, price integer CHECK (price > 0));
SELECT waybill.register_dataset('prices', {options});
"""


@pytest.mark.parametrize(
    ("limit", "state"),
    [
        ("max_rejects => 1", "FAILED"),
        ("max_rejects => 2", "COMPLETED_WITH_REJECTS"),
        ("max_reject_share => 0.4", "FAILED"),
        ("max_reject_share => 0.5", "COMPLETED_WITH_REJECTS"),
    ],
)
def test_too_many_rejects_fail_the_file_whole(ledger: Ledger, limit: str, state: str) -> None:
    register(ledger, PRICES.format(options=limit))
    job = ledger.load("prices", 1, [("a", 1), ("b", -1), ("c", -1), ("d", 1)])
    ((found, error),) = ledger.rows(
        "SELECT state, error ->> 'type' FROM waybill.ingestion_jobs WHERE job_id = %s", job
    )
    assert found == state
    assert [line for line, _, _ in ledger.rejects(job)] == [2, 3]
    ((count,),) = ledger.rows("SELECT count(*) FROM prices")
    assert (count, error) == ((0, "too-many-rejects-in-file") if state == "FAILED" else (2, None))


def test_a_dry_run_counts_and_changes_nothing(ledger: Ledger) -> None:
    register(ledger, PRICES.format(options="max_rejects => 5"))
    ledger.load("prices", 1, [("a", 1), ("b", 1)])
    job = ledger.land("prices", 2)
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET options = '{\"dry_run\": true}' WHERE job_id = %s",
        (job,),
    )
    ledger.stage(job, "prices", [("a", 1), ("b", 2), ("c", 3), ("d", -1)])
    assert ledger.merge(job)["outcome"] == "merged"
    assert ledger.waybill(job) == {
        "read": 4, "unchanged": 1, "updated": 1, "inserted": 1, "rejected": 1,
    }  # fmt: skip
    assert [line for line, _, _ in ledger.rejects(job)] == [4]
    assert ledger.rows("SELECT code, price FROM prices ORDER BY 1") == [("a", 1), ("b", 1)]


def test_a_replacing_file_is_the_whole_table(ledger: Ledger) -> None:
    register(ledger, PRICES.format(options="write_disposition => 'replace'"))
    ledger.load("prices", 1, [("a", 1), ("b", 1), ("c", 1)])
    job = ledger.load("prices", 3, [("b", 1), ("c", 2), ("d", 1)])
    assert ledger.waybill(job) == {"read": 3, "unchanged": 1, "updated": 1, "inserted": 1}
    assert ledger.rows("SELECT deleted FROM waybill.ingestion_jobs WHERE job_id = %s", job) == [
        (1,)
    ]
    late = ledger.land("prices", 2)
    ledger.stage(late, "prices", [("a", 9), ("b", 9)])
    answer = ledger.merge(late)
    for later in answer["restamping"]:
        ledger.stage_chunk(later, ["code", "price"], True, [("b", 1), ("c", 2), ("d", 1)])
        ledger.merge(later)
        answer = ledger.merge(late)
    assert answer["outcome"] == "merged"
    assert ledger.waybill(late) == {"read": 2, "superseded": 2}
    assert ledger.rows("SELECT code, price FROM prices ORDER BY 1") == [
        ("b", 1), ("c", 2), ("d", 1),
    ]  # fmt: skip


def test_a_replacing_file_with_a_reject_fails(ledger: Ledger) -> None:
    register(ledger, PRICES.format(options="write_disposition => 'replace'"))
    ledger.load("prices", 1, [("a", 1), ("b", 1)])
    ledger.load("prices", 2, [("a", -1)])
    assert ledger.rows("SELECT count(*) FROM prices") == [(2,)]


def test_a_replacing_file_may_be_whole_partitions(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE sales (day date, code text, n int, PRIMARY KEY (day, code))"
        " PARTITION BY RANGE (day);"
        "SELECT waybill.register_dataset('sales', write_disposition => 'replace',"
        " replace_scope => 'partition', partition_unit => 'month')",
    )
    ledger.load(
        "sales", 1, [("2026-01-01", "a", 1), ("2026-01-02", "b", 1), ("2026-02-01", "c", 1)]
    )
    job = ledger.load("sales", 2, [("2026-01-01", "a", 1), ("2026-01-09", "d", 1)])
    assert ledger.waybill(job) == {"read": 2, "unchanged": 1, "inserted": 1}
    assert ledger.rows("SELECT code FROM sales ORDER BY 1") == [("a",), ("c",), ("d",)]
    assert ledger.rows(
        "SELECT part FROM waybill.stale_parts WHERE job_id = %s ORDER BY 1", job
    ) == [("2026-01",)]


def test_appending_is_exact_by_job(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE log (at timestamptz NOT NULL, what text);"
        "SELECT waybill.register_dataset('log')",
    )
    job = ledger.load("log", 1, [("2026-01-01 00:00+00", "x"), ("2026-01-01 00:00+00", "x")])
    assert ledger.merge(job)["outcome"] == "ended"
    assert ledger.rows("SELECT count(*) FROM log") == [(2,)]
    ledger.load("log", 2, [("2026-01-01 00:00+00", "x")])
    assert ledger.rows("SELECT count(*) FROM log") == [(3,)]


def test_documents_are_identified_by_their_content(ledger: Ledger) -> None:
    first = ledger.load(
        "ingested_data",
        1,
        [
            ('{"b": [1, {"z": " x ", "y": 2}], "a": "Ann@Example.ORG "}',),
            ('{"when": "2026-07-04"}',),
            ("not json",),
        ],
    )
    assert ledger.waybill(first) == {"read": 3, "inserted": 2, "rejected": 1}
    again = ledger.load(
        "ingested_data",
        2,
        [
            ('{"when": " 2026-07-04"}',),
            ('{ "a":"ann@example.org","b":[1.0,{"y":2,"z":"x"}] }',),
            ('{"a": "ann@example.org", "b": [1, {"y": 2, "z": "x"}]}',),
        ],
    )
    assert ledger.waybill(again) == {"read": 3, "unchanged": 2, "superseded": 1}
    ((payload, metadata),) = ledger.rows(
        "SELECT payload, metadata - 'job_id' FROM ingested_data WHERE payload ? 'when'"
    )
    assert (payload, metadata) == ({"when": "2026-07-04"}, {"filename": "f", "line": 2})


def test_content_identity_for_a_table_without_a_key(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE readings (station text, value numeric, content text NOT NULL UNIQUE);"
        "SELECT waybill.register_dataset('readings', content_key => 'content')",
    )
    ledger.load("readings", 1, [("n", "1.5"), ("s", "2"), ("n", "1.5")])
    job = ledger.load("readings", 2, [("s", "2"), ("w", "3")])
    assert ledger.waybill(job) == {"read": 2, "unchanged": 1, "inserted": 1}
    assert ledger.rows("SELECT station FROM readings ORDER BY 1") == [("n",), ("s",), ("w",)]


def test_replayed_rejects_keep_the_landing_order_of_their_file(ledger: Ledger) -> None:
    register(ledger, PRICES.format(options="max_rejects => 9"))
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
        "SELECT * FROM waybill.register_object(%s, %s, 'prices', 'b', 'k', 'v', 'e', 3, 'f',"
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
