"""A late file changes no row of a file that landed after it."""

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register


def test_a_late_replace_keeps_rows_that_a_later_batch_wrote(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, n int)",
        ", write_disposition => 'replace'",
    )
    ledger.load("t", 1, [(1, 0), (2, 0)])
    late = ledger.land("t", 5)
    ledger.stage(late, "t", [(2, 5), (3, 5)])
    batch(ledger, "t", [{"id": "3", "n": "9"}, {"id": "4", "n": "9"}])
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.waybill(late) == {"read": 2, "updated": 1, "superseded": 1}
    assert ledger.rows("SELECT id, n FROM t ORDER BY id") == [(2, 5), (3, 9), (4, 9)]


def test_a_late_file_does_not_overwrite_what_a_batch_found_unchanged(ledger: Ledger) -> None:
    ledger.load("departments", 1, [(1, "Sales")])
    job, _ = batch(ledger, "departments", [{"id": "1", "department": "Sales"}])
    assert ledger.waybill(job) == {"read": 1, "unchanged": 1}
    late = ledger.load("departments", 5, [(1, "Older")])
    assert ledger.waybill(late) == {"read": 1, "superseded": 1}
    assert ledger.rows("SELECT department FROM departments") == [("Sales",)]


def test_partitions_that_lost_rows_to_a_replacing_file_are_stale(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (day date, code text, PRIMARY KEY (day, code)) PARTITION BY RANGE (day)",
        ", write_disposition => 'replace', partition_unit => 'month'",
    )
    ledger.load("t", 1, [("2026-01-01", "a"), ("2026-02-01", "b")])
    job = ledger.load("t", 2, [("2026-01-01", "a")])
    assert ledger.rows("SELECT code FROM t") == [("a",)]
    assert ledger.rows("SELECT part FROM waybill.stale_parts WHERE job_id = %s", job) == [
        ("2026-02",)
    ]
