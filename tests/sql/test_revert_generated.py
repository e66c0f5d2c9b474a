"""Reverts of rows with generated columns, of which no images are kept."""

from tests.sql.staging import Ledger
from tests.sql.test_reverts import conflicts, revert
from tests.sql.unseen_tables import register


def test_a_generated_column_that_others_refer_to_keeps_the_row(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, n int, code int GENERATED ALWAYS AS (n * 2) STORED"
        " UNIQUE); CREATE TABLE orders (code int REFERENCES t (code))",
    )
    ledger.load("t", 1, [(1, 1), (2, 2)])
    job = ledger.load("t", 2, [(1, 5), (2, 6)])
    ledger.declare("INSERT INTO orders VALUES (10)")
    assert conflicts(ledger, job) == [
        ("row-referenced", "The row (code = 10) is referred to by public.orders.")
    ]
    ledger.declare("DELETE FROM orders")
    revert(ledger, job)
    assert ledger.rows("SELECT id, code FROM t ORDER BY id") == [(1, 2), (2, 4)]


def test_what_is_computed_from_a_personal_column_is_masked_too(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, mail text,"
        " handle text GENERATED ALWAYS AS (lower(mail)) STORED UNIQUE);"
        " CREATE TABLE posts (handle text REFERENCES t (handle))",
        ", personal => '{mail}'",
    )
    job = ledger.load("t", 1, [(1, "ADA")])
    ledger.declare("INSERT INTO posts VALUES ('ada')")
    assert conflicts(ledger, job) == [
        ("row-referenced", "The row (handle = [masked]) is referred to by public.posts.")
    ]
