"""A late file changes no row of a file that landed after it."""

import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import PRICES, register


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


def test_a_late_file_does_not_overwrite_what_pending_records_found_unchanged(
    ledger: Ledger,
) -> None:
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, name text, department_id int"
        " REFERENCES departments); SELECT waybill.register_dataset('kids')"
    )
    first, second = (ledger.load("kids", at, [(1, "Ada", 7)]) for at in (1, 3))
    ledger.load("departments", 4, [(7, "Sales")])
    ledger.resolve(first)
    ledger.resolve(second)
    assert ledger.waybill(second) == {"read": 1, "unchanged": 1}
    late = ledger.load("kids", 2, [(1, "Bo", None)])
    assert ledger.waybill(late) == {"read": 1, "superseded": 1}
    assert ledger.rows("SELECT name FROM kids") == [("Ada",)]


@pytest.mark.parametrize("order", [(2, 3), (3, 2)])
def test_a_row_that_moved_to_a_replaced_partition_is_gone_in_every_order(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    ledger.declare(
        "CREATE TABLE sales (code text, day date, PRIMARY KEY (code, day))"
        " PARTITION BY RANGE (day);"
        "SELECT waybill.register_dataset('sales', natural_key => '{code}',"
        " partition_unit => 'month',"
        " write_disposition => 'replace', replace_scope => 'partition')"
    )
    ledger.load("sales", 1, [("a", "2026-01-01"), ("b", "2026-01-02")])
    files = {2: [("a", "2026-02-01")], 3: [("c", "2026-02-03")]}
    for at in order:
        ledger.load("sales", at, files[at])
    assert ledger.rows("SELECT code FROM sales ORDER BY 1") == [("b",), ("c",)]


def test_a_row_that_a_later_replacing_file_has_stays_though_that_file_cannot_be_read_again(
    ledger: Ledger,
) -> None:
    ledger.declare(PRICES.format(options="write_disposition => 'replace'"))
    ledger.load("prices", 1, [("a", 1)])
    later = ledger.load("prices", 3, [("a", 1)])
    late = ledger.land("prices", 2)
    ledger.stage(late, "prices", [("a", 9)])
    assert ledger.merge(late)["restamping"] == [str(later)]
    # Its object is gone, so its row keeps the stamp of the first file.
    ledger.loader.execute("SELECT waybill.fail_job(%s, '{}')", (later,))
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.waybill(late) == {"read": 1, "superseded": 1}
    assert ledger.rows("SELECT code, price FROM prices") == [("a", 1)]
