"""What becomes of a record does not depend on the order in which files are merged or grouped."""

from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from tests.sql.staging import Ledger
from waybill.ids import new_id

TABLES = """
CREATE TABLE accounts (id integer PRIMARY KEY, email text UNIQUE);
CREATE TABLE rooms (id integer PRIMARY KEY, name text, EXCLUDE USING btree (name WITH =));
CREATE TABLE crew (id integer PRIMARY KEY, boss_id integer REFERENCES crew, name text UNIQUE);
CREATE TABLE strict_crew (id integer PRIMARY KEY, boss_id integer REFERENCES strict_crew);
CREATE TABLE readings (
    id integer PRIMARY KEY, value integer, department_id integer REFERENCES departments
);
CREATE TABLE measures (
    id numeric PRIMARY KEY, value integer, department_id integer REFERENCES departments
);
CREATE TABLE places (country text, city text, PRIMARY KEY (country, city));
CREATE TABLE offices (
    id integer PRIMARY KEY, code text UNIQUE, country text, city text,
    FOREIGN KEY (country, city) REFERENCES places MATCH FULL
);
SELECT waybill.register_dataset(name)
FROM unnest(ARRAY['accounts', 'rooms', 'crew', 'measures', 'places', 'offices']) AS name;
SELECT waybill.register_dataset('strict_crew', on_missing_parent => 'reject');
SELECT waybill.register_dataset('readings', write_disposition => 'append');
"""


@pytest.fixture
def tables(ledger: Ledger) -> Ledger:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(TABLES.encode())
    ledger.admin.execute("RESET ROLE")
    return ledger


def merge_in_reverse(
    ledger: Ledger, dataset: str, files: list[list[tuple[Any, ...]]]
) -> list[UUID]:
    """Land the files in order, and merge the last one first until all have ended."""
    jobs = [ledger.land(dataset, second) for second in range(len(files))]
    for job, records in zip(jobs, files, strict=True):
        ledger.stage(job, dataset, records)
    for _ in jobs:
        for job in reversed(jobs):
            ledger.merge(job)
    return jobs


def batch(ledger: Ledger, dataset: str, rows: list[dict[str, str | None]]) -> dict[str, Any]:
    given = [[n, row, ""] for n, row in enumerate(rows)]
    found = ledger.api.execute(
        "SELECT to_jsonb(b) FROM waybill.merge_batch(%s, %s, %s, 'atomic') AS b",
        (new_id(), dataset, Jsonb(given)),
    ).fetchone()
    assert found
    return dict(found[0])


@pytest.mark.parametrize("dataset", ["accounts", "rooms"])
def test_the_earlier_file_keeps_a_unique_value(tables: Ledger, dataset: str) -> None:
    first, second = merge_in_reverse(tables, dataset, [[(1, "x")], [(2, "x")]])
    assert tables.waybill(first) == {"read": 1, "inserted": 1}
    assert tables.waybill(second) == {"read": 1, "rejected": 1}


def test_a_parent_in_an_earlier_file_of_the_table_is_awaited(tables: Ledger) -> None:
    _, second = merge_in_reverse(tables, "strict_crew", [[(1, None)], [(2, 1)]])
    assert tables.waybill(second) == {"read": 1, "inserted": 1}


def test_the_first_record_of_a_key_keeps_it_while_it_is_pending(tables: Ledger) -> None:
    first = tables.load("readings", 1, [(1, 10, 7)])
    second = tables.load("readings", 2, [(1, 20, None)])
    assert tables.waybill(second) == {"read": 1, "pending_reference": 1}
    tables.load("departments", 3, [(7, "Seventh")])
    assert tables.resolve(first)["pending"] == [str(second)]
    tables.resolve(second)
    assert tables.rows("SELECT id, value FROM readings") == [(1, 10)]
    assert tables.waybill(second) == {"read": 1, "rejected": 1}


def test_a_partial_record_waits_for_an_equal_key_that_is_written_otherwise(tables: Ledger) -> None:
    full = tables.load("measures", 1, [("1.0", 5, 7)])
    partial = tables.load("measures", 2, [("1.00", 6)], columns=["id", "value"])
    tables.load("departments", 3, [(7, "Seventh")])
    tables.resolve(full)
    tables.resolve(partial)
    assert tables.rows("SELECT value, department_id FROM measures") == [(6, 7)]


def test_rows_of_a_batch_with_other_fields_bring_parents(tables: Ledger) -> None:
    rows: list[dict[str, str | None]] = [
        {"id": "1", "boss_id": "2"},
        {"id": "2", "name": "b"},
        {"id": "3", "boss_id": "1"},
    ]
    response = batch(tables, "crew", rows)
    assert response["errors"] == []
    assert response["waybill"]["inserted"] == len(rows)


def test_a_child_of_a_rejected_record_is_pending(tables: Ledger) -> None:
    tables.load("crew", 1, [(9, None, "taken")])
    job = tables.load("crew", 2, [(1, 2, "a"), (2, None, "taken"), (3, 1, "c")])
    assert tables.waybill(job) == {"read": 3, "pending_reference": 2, "rejected": 1}
    assert not tables.row_by_row(job)


def test_a_value_is_not_passed_on_by_a_record_that_has_become_pending(tables: Ledger) -> None:
    tables.load("crew", 1, [(1, None, "a"), (9, None, "taken")])
    job = tables.load("crew", 2, [(1, 2, "b"), (2, None, "taken"), (3, None, "a")])
    assert tables.waybill(job) == {"read": 3, "pending_reference": 1, "rejected": 2}
    assert tables.rows("SELECT id, name FROM crew ORDER BY id") == [(1, "a"), (9, "taken")]


def test_a_swap_of_unique_values_does_not_bypass_match_full(tables: Ledger) -> None:
    tables.load("places", 1, [("BG", "Varna")])
    tables.load("offices", 2, [(1, "a", "BG", "Varna"), (2, "b", "BG", "Varna")])
    job = tables.load("offices", 3, [(1, "b", None, "Varna"), (2, "a", "BG", "Varna")])
    assert tables.waybill(job) == {"read": 2, "rejected": 2}
    assert tables.rows("SELECT id FROM offices WHERE country IS NULL") == []
