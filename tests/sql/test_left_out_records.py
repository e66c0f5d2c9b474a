"""Records that are as their rows are: counted, remembered, and not written."""

from uuid import UUID

import pytest
from psycopg import DatabaseError

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

_DAYS = ", partition_unit => 'year', natural_key => '{id}'"


@pytest.fixture
def days(ledger: Ledger) -> Ledger:
    register(
        ledger,
        "CREATE TABLE t (id int, day date, n int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        _DAYS,
    )
    return ledger


def _stamps(ledger: Ledger) -> dict[int, UUID]:
    """The job whose place in the landing order each row has."""
    return dict(
        ledger.rows(
            "SELECT t.id, j.job_id FROM t JOIN waybill.ingestion_jobs AS j"
            " ON j.landing_order = t._landed"
        )
    )


def _kept_keys(ledger: Ledger, job: UUID) -> list[int]:
    return [
        number
        for (number,) in ledger.rows(
            "SELECT cardinality(hashes) FROM waybill.unchanged_keys WHERE job_id = %s", job
        )
    ]


def test_they_are_counted_beside_records_of_every_class(days: Ledger) -> None:
    first = days.load("t", 1, [(n, "2024-01-01", n) for n in range(1, 6)])
    later = days.load("t", 9, [(5, "2024-01-01", 9)])
    records = [
        (1, "2024-01-01", 1),
        (2, "2025-01-01", 2),
        (3, "2024-01-01", 0),
        (4, "2024-01-01", 4),
        (5, "2024-01-01", 5),
        (6, "2026-01-01", 6),
    ]
    job = days.load("t", 3, records)
    assert days.waybill(job) == {
        "read": 6,
        "inserted": 1,
        "updated": 2,
        "unchanged": 2,
        "superseded": 1,
    }
    assert _stamps(days) == {1: first, 2: job, 3: job, 4: first, 5: later, 6: job}
    assert _kept_keys(days, job) == [2]


def test_a_record_without_partition_beside_them_has_no_row_stamped(days: Ledger) -> None:
    first = days.load("t", 1, [(1, "2024-01-01", 1)])
    job = days.load("t", 2, [(1, "2024-01-01", 1), (9, "1600-01-01", 9)])
    # Counted again after the check, which has rejected one.
    assert days.waybill(job) == {"read": 2, "unchanged": 1, "rejected": 1}
    assert _stamps(days) == {1: first}
    assert _kept_keys(days, job) == [1]


def test_a_late_file_has_the_rows_of_exactly_these_records_stamped(days: Ledger) -> None:
    days.load("t", 1, [(1, "2024-01-01", 1), (2, "2024-01-01", 2)])
    again = days.load("t", 5, [(1, "2024-01-01", 1), (2, "2024-01-01", 5)])
    late = days.land("t", 3)
    days.stage(late, "t", [(1, "2024-01-01", 3), (2, "2024-01-01", 3)])
    assert days.merge(late)["restamping"] == [str(again)]


def test_a_late_file_of_other_keys_has_none_stamped(days: Ledger) -> None:
    days.load("t", 1, [(1, "2024-01-01", 1), (2, "2024-01-01", 2)])
    days.load("t", 5, [(1, "2024-01-01", 1)])
    late = days.load("t", 3, [(2, "2024-01-01", 3)])
    assert days.waybill(late) == {"read": 1, "updated": 1}


def test_they_are_not_left_out_while_an_earlier_file_is_open(days: Ledger) -> None:
    days.load("t", 1, [(1, "2024-01-01", 1)])
    earlier = days.land("t", 2)
    job = days.load("t", 3, [(1, "2024-01-01", 1)])
    assert days.waybill(job) == {"read": 1, "unchanged": 1}
    assert _stamps(days) == {1: job}
    days.stage(earlier, "t", [(1, "2024-01-01", 7)])
    days.merge(earlier)
    assert days.waybill(earlier) == {"read": 1, "superseded": 1}


def test_of_a_key_that_is_there_twice_in_the_file_the_last_record_counts(days: Ledger) -> None:
    days.load("t", 1, [(1, "2024-01-01", 1)])
    job = days.load("t", 2, [(1, "2024-01-01", 7), (1, "2024-01-01", 1)])
    assert days.waybill(job) == {"read": 2, "unchanged": 1, "superseded": 1}
    assert days.rows("SELECT n FROM t") == [(1,)]


def test_two_rows_of_one_key_are_noticed_beside_them(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int NOT NULL, n int); CREATE INDEX ON t (id)",
        ", natural_key => '{id}'",
    )
    ledger.load("t", 1, [(1, 1), (2, 2), (3, 3)])
    # As nobody but Waybill may write.
    ledger.admin.execute("INSERT INTO t (id, n, _landed) SELECT id, n, _landed FROM t WHERE id = 1")
    job = ledger.land("t", 2)
    ledger.stage(job, "t", [(1, 9), (2, 2), (3, 3)])
    with pytest.raises(DatabaseError, match="3 records staged, but 4 accounted for"):
        ledger.merge(job)
    assert ledger.rows("SELECT n FROM t ORDER BY n") == [(1,), (1,), (2,), (3,)]
