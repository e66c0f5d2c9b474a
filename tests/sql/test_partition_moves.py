"""Rows that move between partitions, and partitions that are made for them."""

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

MOVING = """
CREATE TABLE t (id int NOT NULL, day date NOT NULL, name text, PRIMARY KEY (id, day))
PARTITION BY RANGE (day);
CREATE TABLE children (id int, day date,
    FOREIGN KEY (id, day) REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE);
"""


def test_a_move_to_a_new_partition_is_not_a_delete(ledger: Ledger) -> None:
    register(ledger, MOVING, ", natural_key => '{id}'")
    ledger.load("t", 1, [(1, "2020-05-01", "a"), (2, "2020-05-01", "b")])
    ledger.admin.execute("INSERT INTO children VALUES (1, '2020-05-01')")
    job = ledger.load("t", 2, [(1, "2024-05-01", "a")])
    assert ledger.waybill(job) == {"read": 1, "updated": 1}
    assert ledger.rows("SELECT id, day::text FROM children") == [(1, "2024-05-01")]
    assert ledger.rows("SELECT id, day::text FROM t ORDER BY id") == [
        (1, "2024-05-01"),
        (2, "2020-05-01"),
    ]


def test_a_table_whose_trigger_would_see_moves_as_deletes_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="would take a row that moves"):
        register(
            ledger,
            "CREATE TABLE t (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day))"
            " PARTITION BY RANGE (day);"
            "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
            " $f$ BEGIN RETURN OLD; END $f$;"
            "CREATE TRIGGER gone AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION gone()",
            ", natural_key => '{id}'",
        )


def test_a_partition_column_that_the_file_lacks_takes_its_default(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int NOT NULL, day date NOT NULL DEFAULT '2022-03-01',"
        " PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        ", natural_key => '{id}'",
    )
    job = ledger.load("t", 1, [(1,), (2,)], columns=["id"])
    assert ledger.waybill(job) == {"read": 2, "inserted": 2}
    assert ledger.rows("SELECT tableoid::regclass::text, day::text FROM t") == [
        ("t_2022", "2022-03-01"),
        ("t_2022", "2022-03-01"),
    ]


def test_a_name_that_is_taken_does_not_stop_a_new_partition(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t_2022 (x int);"
        "CREATE TABLE t (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day))"
        " PARTITION BY RANGE (day)",
        ", natural_key => '{id}'",
    )
    job = ledger.load("t", 1, [(1, "2022-01-01")])
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}
    assert ledger.rows("SELECT tableoid::regclass::text FROM t") == [("t_2022_2",)]
    assert ledger.rows("SELECT waybill.parts_of('t')") == [("2022",)]
