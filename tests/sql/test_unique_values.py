"""Unique values are checked on the end state of a load."""

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

UNIQUE = "CREATE TABLE t (id int PRIMARY KEY, mail text NOT NULL UNIQUE, n int)"


def test_unique_values_may_be_exchanged_between_rows_in_one_file(ledger: Ledger) -> None:
    register(ledger, UNIQUE)
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0), (4, "d", 0)])
    job = ledger.load("t", 2, [(1, "b", 1), (2, "a", 1), (3, "d", 1), (4, "e", 1), (5, "c", 1)])
    assert ledger.waybill(job) == {"read": 5, "updated": 4, "inserted": 1}
    assert not ledger.row_by_row(job)
    assert ledger.rows("SELECT id, mail, n FROM t ORDER BY id") == [
        (1, "b", 1), (2, "a", 1), (3, "d", 1), (4, "e", 1), (5, "c", 1),
    ]  # fmt: skip


def test_swapped_rows_are_not_deleted_for_the_tables_that_refer_to_them(ledger: Ledger) -> None:
    register(
        ledger,
        UNIQUE + ";CREATE TABLE children (id int REFERENCES t ON DELETE CASCADE)",
    )
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0)])
    ledger.admin.execute("INSERT INTO children VALUES (1), (2)")
    job = ledger.load("t", 2, [(1, "b", 0), (2, "a", 0)])
    assert ledger.waybill(job) == {"read": 2, "updated": 2}
    assert ledger.rows("SELECT count(*) FROM children") == [(2,)]


def test_a_rejected_record_does_not_free_its_unique_value(ledger: Ledger) -> None:
    register(ledger, UNIQUE)
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0)])
    # 2 cannot take the value of 3, so it keeps its own, and 1 cannot take that.
    job = ledger.load("t", 2, [(1, "b", 1), (2, "c", 1)])
    assert ledger.waybill(job) == {"read": 2, "rejected": 2}
    assert ledger.rows("SELECT id, mail, n FROM t ORDER BY id") == [
        (1, "a", 0), (2, "b", 0), (3, "c", 0),
    ]  # fmt: skip


def test_a_unique_column_that_the_file_lacks_is_checked_with_its_stored_value(
    ledger: Ledger,
) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, a int, b int DEFAULT 7, UNIQUE (a, b))")
    ledger.load("t", 1, [(1, 1, 7), (2, 2, 8)])
    job = ledger.load("t", 2, [(3, 1), (4, 2), (2, 1)], columns=["id", "a"])
    assert [line for line, _, _ in ledger.rejects(job)] == [1]
    assert ledger.rows("SELECT id, a, b FROM t ORDER BY id") == [(1, 1, 7), (2, 1, 8), (4, 2, 7)]


def test_many_duplicates_of_a_unique_value_are_rejected_as_a_set(ledger: Ledger) -> None:
    register(ledger, UNIQUE)
    job = ledger.load("t", 1, [(n, f"m{n % 10}", 0) for n in range(5000)])
    assert ledger.waybill(job) == {"read": 5000, "inserted": 10, "rejected": 4990}
    assert not ledger.row_by_row(job)
