"""Partitions made ahead, beside merges that hold the locks of their tables."""

import pytest

from tests.postgres.databases import Database
from tests.sql.blocked_calls import running, waits
from tests.sql.staging import Ledger


def test_no_parent_is_locked_while_another_table_is_waited_for(
    ledger: Ledger, database: Database
) -> None:
    ledger.declare(
        "CREATE TABLE stock (id int, day date, department_id int REFERENCES departments,"
        " PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
        "SELECT waybill.register_dataset('stock', natural_key => '{id}', partition_unit => 'year')"
    )

    def premake() -> tuple[object, ...] | None:
        with database.connect() as admin:
            return admin.execute("SELECT waybill.premake_partitions()").fetchone()

    with database.connect() as merge:
        merge.execute("BEGIN; LOCK TABLE ONLY stock IN SHARE ROW EXCLUSIVE MODE")
        with running(premake) as made:
            assert waits(database, made)
            # As a merge of `stock` does when it attaches a partition.
            merge.execute("SET LOCAL lock_timeout = '500ms'")
            merge.execute("LOCK TABLE ONLY departments IN SHARE ROW EXCLUSIVE MODE")
            merge.execute("COMMIT")
            # This year and the next, of both tables.
            assert made.result() == (4,)


STOCK = (
    "CREATE TABLE stock (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
    "SELECT waybill.register_dataset('stock', natural_key => '{id}', partition_unit => 'year')"
)
IS_DROPPED = "SELECT to_regclass('stock_1990') IS NULL"


@pytest.mark.parametrize("rows", [0, 1])
def test_a_partition_stays_while_somebody_sees_its_deleted_rows(
    ledger: Ledger, database: Database, rows: int
) -> None:
    ledger.declare(STOCK)
    ledger.load("stock", 1, [(1, "1990-05-01")])
    if not rows:
        ledger.declare("TRUNCATE stock")
    with database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
        ledger.declare("DELETE FROM stock")
        ledger.rows("SELECT waybill.premake_partitions()")
        assert ledger.rows(IS_DROPPED) == [(rows == 0,)]
        assert reader.execute("SELECT count(*) FROM stock").fetchone() == (rows,)
        reader.execute("COMMIT")
    ledger.rows("SELECT waybill.premake_partitions()")
    assert ledger.rows(IS_DROPPED) == [(True,)]


def test_empty_partitions_are_dropped_though_somebody_always_reads(
    ledger: Ledger, database: Database
) -> None:
    ledger.declare(STOCK)
    ledger.load("stock", 1, [(1, "1990-05-01"), (2, "1991-05-01")])
    ledger.declare("DELETE FROM stock")
    with database.connect() as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
        ledger.rows("SELECT waybill.premake_partitions()")
        assert ledger.rows(IS_DROPPED) == [(False,)]
        # As autovacuum does: nobody sees the rows.
        ledger.admin.execute("VACUUM stock_1990")
        ledger.rows("SELECT waybill.premake_partitions()")
        assert ledger.rows(IS_DROPPED) == [(True,)]
        assert ledger.rows("SELECT to_regclass('stock_1991') IS NULL") == [(False,)]
        reader.execute("COMMIT")
