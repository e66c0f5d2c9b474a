"""The references and checks of written rows hold, with the values that each row keeps."""

from typing import Any

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register, revalidate

PARENTS = "CREATE TABLE parents (id int PRIMARY KEY, code text UNIQUE);INSERT INTO parents VALUES"


REFERENCES: dict[str, tuple[str, list[str], list[tuple[Any, ...]], dict[str, int]]] = {
    "a default without its parent": (
        PARENTS + " (1, 'a');"
        "CREATE TABLE t (id int PRIMARY KEY, p int DEFAULT 9999 REFERENCES parents)",
        ["id"],
        [(1,), (2,)],
        {"read": 2, "pending_reference": 2},
    ),
    "a default with its parent": (
        PARENTS + " (1, 'a');"
        "CREATE TABLE t (id int PRIMARY KEY, p int DEFAULT 1 REFERENCES parents)",
        ["id"],
        [(1,), (2,)],
        {"read": 2, "inserted": 2},
    ),
    "one column of a composite key": (
        "CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b));"
        "INSERT INTO parents VALUES (1, 7);"
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int DEFAULT 7,"
        " FOREIGN KEY (a, b) REFERENCES parents)",
        ["id", "a"],
        [(1, 1), (2, 2), (3, None)],
        {"read": 3, "inserted": 2, "pending_reference": 1},
    ),
    "a generated column": (
        PARENTS + " (2, 'b');"
        "CREATE TABLE t (id int PRIMARY KEY, n int,"
        " p int GENERATED ALWAYS AS (n * 2) STORED REFERENCES parents)",
        ["id", "n"],
        [(1, 1), (2, 2)],
        {"read": 2, "inserted": 1, "pending_reference": 1},
    ),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_every_written_reference_has_its_parent(ledger: Ledger, case: str) -> None:
    table, columns, records, waybill = REFERENCES[case]
    register(ledger, table)
    job = ledger.load("t", 1, records, columns=columns)
    assert ledger.waybill(job) == waybill
    revalidate(ledger, "t")


def test_an_update_is_checked_with_the_columns_that_it_keeps(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b));"
        "INSERT INTO parents VALUES (1, 1), (2, 2);"
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES parents)",
    )
    ledger.load("t", 1, [(1, 1, 1), (2, 2, 2)])
    job = ledger.load("t", 2, [(1, 2), (2, 2)], columns=["id", "a"])
    assert ledger.waybill(job) == {"read": 2, "unchanged": 1, "pending_reference": 1}
    revalidate(ledger, "t")


def test_check_is_checked_on_the_value_that_the_row_keeps(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, low int, high int DEFAULT 0, CHECK (low <= high))",
    )
    ledger.load("t", 1, [(1, 5, 10)])
    job = ledger.load("t", 2, [(1, 7), (2, 7), (3, -1)], columns=["id", "low"])
    assert ledger.waybill(job) == {"read": 3, "updated": 1, "inserted": 1, "rejected": 1}
    assert ledger.rows("SELECT id, low, high FROM t ORDER BY id") == [(1, 7, 10), (3, -1, 0)]
    assert not ledger.row_by_row(job)
