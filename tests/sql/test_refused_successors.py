"""A record that the table refuses keeps no other one out, as superseded or as its duplicate."""

import pytest

from tests.sql.staging import Ledger

TABLES = """
CREATE TABLE buoys (id integer, seen date NOT NULL, code integer, PRIMARY KEY (id, seen))
    PARTITION BY RANGE (seen);
SELECT waybill.register_dataset('buoys', natural_key => '{id}');
CREATE TABLE locks (id integer PRIMARY KEY, gate integer UNIQUE);
SELECT waybill.register_dataset('locks');
CREATE TABLE keys (id integer PRIMARY KEY, gate integer UNIQUE);
SELECT waybill.register_dataset('keys', write_disposition => 'append');
CREATE TABLE log (sensor text, value integer UNIQUE);
SELECT waybill.register_dataset('log', transformation => '{"drop_duplicates": ["sensor"]}');
CREATE TABLE dives (buoy text, day date NOT NULL) PARTITION BY RANGE (day);
SELECT waybill.register_dataset('dives', transformation => '{"drop_duplicates": ["buoy"]}');
"""


@pytest.fixture
def harbour(ledger: Ledger) -> Ledger:
    ledger.declare(TABLES)
    return ledger


def test_an_earlier_line_counts_where_the_later_one_has_a_taken_value(harbour: Ledger) -> None:
    harbour.load("locks", 1, [(9, 1)])
    job = harbour.load("locks", 2, [(1, 4), (1, 5), (1, 1)])
    assert harbour.rows("SELECT id, gate FROM locks ORDER BY id") == [(1, 5), (9, 1)]
    assert harbour.waybill(job) == {"read": 3, "inserted": 1, "superseded": 1, "rejected": 1}


def test_an_earlier_line_counts_where_the_later_one_has_no_partition(harbour: Ledger) -> None:
    records = [(1, "2022-01-01", 7), (1, "1500-01-01", 8)]
    job = harbour.load("buoys", 1, records)
    assert harbour.rows("SELECT id, seen::text FROM buoys") == [(1, "2022-01-01")]
    assert harbour.waybill(job) == {"read": 2, "inserted": 1, "rejected": 1}


def test_a_late_file_does_not_change_what_the_earlier_line_left_unchanged(harbour: Ledger) -> None:
    harbour.load("locks", 1, [(9, 1), (1, 5)])
    job = harbour.load("locks", 8, [(1, 5), (1, 1)])
    assert harbour.waybill(job) == {"read": 2, "unchanged": 1, "rejected": 1}
    late = harbour.load("locks", 4, [(1, 6)])
    assert harbour.waybill(late) == {"read": 1, "superseded": 1}
    assert harbour.rows("SELECT id, gate FROM locks ORDER BY id") == [(1, 5), (9, 1)]


def test_a_key_is_not_there_because_of_a_record_that_was_rejected(harbour: Ledger) -> None:
    harbour.load("keys", 1, [(9, 1)])
    job = harbour.load("keys", 2, [(1, 1), (1, 4), (1, 5)])
    assert harbour.rows("SELECT id, gate FROM keys ORDER BY id") == [(1, 4), (9, 1)]
    assert harbour.rejects(job) == [
        (1, "1,1", ["constraint_violation"]),
        (3, "1,5", ["duplicate_key"]),
    ]


def test_a_record_is_no_duplicate_of_one_that_the_table_refuses(harbour: Ledger) -> None:
    harbour.load("log", 1, [("a", 1)])
    job = harbour.load("log", 2, [("s", 1), ("s", 2), ("s", 3), ("u", 4)])
    assert harbour.rows("SELECT sensor, value FROM log ORDER BY 2") == [
        ("a", 1), ("s", 2), ("u", 4),
    ]  # fmt: skip
    assert harbour.waybill(job) == {"read": 4, "inserted": 2, "filtered": 1, "rejected": 1}
    dived = harbour.load("dives", 3, [("b", "1500-01-01"), ("b", "2022-01-01")])
    assert harbour.waybill(dived) == {"read": 2, "inserted": 1, "rejected": 1}


@pytest.mark.parametrize("dataset", ["locks", "keys"])
def test_numbers_add_up_where_more_lines_of_a_key_are_refused_than_are_tried(
    harbour: Ledger, dataset: str
) -> None:
    harbour.load(dataset, 1, [(9, 1)])
    job = harbour.load(dataset, 2, [(1, 1)] * 30)
    numbers = harbour.waybill(job)
    assert numbers["rejected"] >= 10
    assert harbour.rows(f"SELECT count(*) FROM {dataset}") == [(1,)]
    assert len(harbour.rejects(job)) == numbers["rejected"]
