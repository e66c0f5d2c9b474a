"""Columns may have any name, also those that statements give to what they read."""

import json

import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger

LETTERS = [letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in "kp"]
WORDS = ["line", "record", "value", "old", "new", "missing", "raw", "key", "name", "row"]
OTHERS = [*LETTERS, *WORDS]
COLUMNS = ["k", "p", *OTHERS]
TABLES = f"""
CREATE TABLE parents (p integer PRIMARY KEY, x integer, s integer, t integer);
SELECT waybill.register_dataset('parents');
CREATE TABLE named (
    k integer PRIMARY KEY, p integer REFERENCES parents,
    {", ".join(f'"{name}" integer' for name in OTHERS)}, CHECK (a > 0), UNIQUE (u)
);
CREATE INDEX named_t ON named (t);
SELECT waybill.register_dataset('named', searchable => '{{t}}',
    lookups => '{{"partial": {{"columns": ["t"], "index": "named_t"}}}}',
    transformation => '{{"where": "1 / w > -9"}}');
CREATE TABLE plain (k integer PRIMARY KEY, r integer, t integer, x integer);
SELECT waybill.register_dataset('plain');
"""


def record(key: int, parent: int | None = None, **changed: int) -> list[int | None]:
    values = {"u": key, **changed}
    return [key, parent, *(values.get(name, 1) for name in OTHERS)]


@pytest.fixture
def named(ledger: Ledger) -> Ledger:
    ledger.declare(TABLES)
    ledger.load("parents", 1, [(1, 1, 1, 1)])
    return ledger


def test_records_are_loaded_rejected_and_held_back_with_all_their_values(named: Ledger) -> None:
    records = [record(1, 1), record(2, 2), record(3, a=-1), record(4, u=1), record(5, w=0)]
    job = named.load("named", 2, records)
    assert named.waybill(job) == {
        "read": 5, "inserted": 1, "rejected": 3, "pending_reference": 1,
    }  # fmt: skip
    ((values,),) = named.rows(
        'SELECT "values" FROM waybill.validation_errors WHERE job_id = %s AND line = 3', job
    )
    assert set(values) == set(COLUMNS)
    named.load("parents", 3, [(2, 1, 1, 1)])
    named.resolve(job)
    assert named.rows("SELECT k, p, x, t FROM named ORDER BY k") == [(1, 1, 1, 1), (2, 2, 1, 1)]
    again = named.load("named", 4, [record(1, 1), record(2, 1)])
    assert named.waybill(again) == {"read": 2, "unchanged": 1, "updated": 1}


def test_rows_of_batches_are_written(named: Ledger) -> None:
    _, mixed = batch(named, "plain", [{"k": "1", "r": "7", "t": "8", "x": "9"}, {"k": "2"}])
    assert mixed["waybill"]["inserted"] == 2
    assert named.rows("SELECT * FROM plain ORDER BY k")[0][:4] == (1, 7, 8, 9)


def test_rows_are_found_and_erased(named: Ledger) -> None:
    named.load("named", 2, [record(1, 1, t=5)])
    ((item,),) = named.rows(
        "SELECT item FROM waybill.find_rows('named', '{\"t\": \"5\"}', NULL, 9, 99999, false)"
    )
    assert set(json.loads(item)) == set(COLUMNS)
    ((found,),) = named.rows(
        "SELECT item FROM waybill.look_up('named', 'partial', '{\"t\": \"5\"}', false)"
    )
    assert set(json.loads(found)) == set(COLUMNS)
    named.admin.execute("SELECT waybill.erase_person('named', '[1]')")
    assert named.rows("SELECT count(*) FROM named") == [(0,)]
