"""Rows as they were before a load are kept for a while, or not at all."""

from tests.sql.staging import Ledger
from tests.sql.test_reverts import TABLE, conflicts, revert
from tests.sql.unseen_tables import register


def test_without_images_nothing_is_reverted(ledger: Ledger) -> None:
    register(ledger, TABLE, ", revertible_days => 0")
    job = ledger.load("t", 1, [(1, 1, "a")])
    ledger.load("t", 2, [(1, 2, "a")])
    assert conflicts(ledger, job) == []
    assert ledger.rows("SELECT * FROM waybill.row_images") == []
    ledger.declare("SELECT waybill.register_dataset('t')")
    assert conflicts(ledger, job) == []
    third = ledger.load("t", 3, [(1, 3, "a")])
    revert(ledger, third)
    assert ledger.rows("SELECT n FROM t") == [(2,)]


def test_a_column_that_was_added_since_keeps_its_values(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    job = ledger.load("t", 2, [(1, 2, "a")])
    ledger.declare("ALTER TABLE t ADD COLUMN more text DEFAULT 'x'")
    assert conflicts(ledger, job) == [
        ("columns-changed", "The table has columns that it did not have then.")
    ]
    assert ledger.rows("SELECT n, more FROM t") == [(2, "x")]


def test_old_images_are_purged(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    job = ledger.load("t", 2, [(1, 2, "a")])
    ledger.admin.execute("SELECT waybill.purge_expired()")
    assert ledger.rows("SELECT count(*) FROM waybill.row_images") == [(1,)]
    ledger.admin.execute("UPDATE waybill.row_images SET kept_at = now() - interval '9 days'")
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET finished_at = now() - interval '9 days'"
    )
    ledger.admin.execute("SELECT waybill.purge_expired()")
    assert ledger.rows("SELECT count(*) FROM waybill.row_images") == [(0,)]
    assert conflicts(ledger, job) == []


def test_images_of_a_dataset_that_is_gone_are_purged(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    ledger.load("t", 2, [(1, 2, "a")])
    ledger.declare(
        "INSERT INTO waybill.row_images (dataset, landed, record)"
        " SELECT name, 1, '{}' FROM unnest('{a,gone,z}'::text[]) AS name, generate_series(1, 3)"
    )
    ledger.admin.execute("SELECT waybill.purge_expired()")
    assert ledger.rows("SELECT dataset FROM waybill.row_images") == [("t",)]


def test_an_erasure_reads_the_images_once(ledger: Ledger) -> None:
    register(ledger, TABLE, ", personal => '{note}'")
    ledger.load("t", 1, [(n, n, "Ada") for n in range(300)])
    ledger.load("t", 2, [(n, n + 1, "Ada") for n in range(300)])
    ledger.declare("UPDATE t SET note = 'Bob'")
    ledger.declare("ANALYZE waybill.row_images")
    read = (
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'row_images'"
    )
    with ledger.admin.transaction():
        ledger.admin.execute("SELECT waybill.erase_person('t', '[\"7\"]')")
        ((tuples,),) = ledger.rows(read)
    # Two images of each row. That of the load is counted, that of the statement is deleted.
    assert tuples == 600
    assert ledger.rows("SELECT count(*) FROM waybill.row_images WHERE record IS NULL") == [(2,)]
    assert ledger.rows("SELECT count(*) FROM waybill.row_images") == [(600,)]
