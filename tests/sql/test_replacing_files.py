"""A file may be the whole table, or whole partitions of it."""

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import PRICES, register


def test_a_replacing_file_is_the_whole_table(ledger: Ledger) -> None:
    ledger.declare(PRICES.format(options="write_disposition => 'replace'"))
    ledger.load("prices", 1, [("a", 1), ("b", 1), ("c", 1)])
    job = ledger.load("prices", 3, [("b", 1), ("c", 2), ("d", 1)])
    assert ledger.waybill(job) == {"read": 3, "unchanged": 1, "updated": 1, "inserted": 1}
    assert ledger.rows("SELECT deleted FROM waybill.ingestion_jobs WHERE job_id = %s", job) == [
        (1,)
    ]
    late = ledger.land("prices", 2)
    ledger.stage(late, "prices", [("a", 9), ("b", 9)])
    response = ledger.merge(late)
    for later in response["restamping"]:
        ledger.stage_chunk(later, ["code", "price"], True, [("b", 1), ("c", 2), ("d", 1)])
        ledger.merge(later)
        response = ledger.merge(late)
    assert response["outcome"] == "merged"
    assert ledger.waybill(late) == {"read": 2, "superseded": 2}
    assert ledger.rows("SELECT code, price FROM prices ORDER BY 1") == [
        ("b", 1), ("c", 2), ("d", 1),
    ]  # fmt: skip


def test_a_replacing_file_with_a_reject_fails(ledger: Ledger) -> None:
    ledger.declare(PRICES.format(options="write_disposition => 'replace'"))
    ledger.load("prices", 1, [("a", 1), ("b", 1)])
    ledger.load("prices", 2, [("a", -1)])
    assert ledger.rows("SELECT count(*) FROM prices") == [(2,)]


def test_a_replacing_file_may_be_whole_partitions(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE sales (day date, code text, n int, PRIMARY KEY (day, code))"
        " PARTITION BY RANGE (day);"
        "SELECT waybill.register_dataset('sales', write_disposition => 'replace',"
        " replace_scope => 'partition', partition_unit => 'month')",
    )
    ledger.load(
        "sales", 1, [("2026-01-01", "a", 1), ("2026-01-02", "b", 1), ("2026-02-01", "c", 1)]
    )
    job = ledger.load("sales", 2, [("2026-01-01", "a", 1), ("2026-01-09", "d", 1)])
    assert ledger.waybill(job) == {"read": 2, "unchanged": 1, "inserted": 1}
    assert ledger.rows("SELECT code FROM sales ORDER BY 1") == [("a",), ("c",), ("d",)]
    assert ledger.rows(
        "SELECT part FROM waybill.stale_parts WHERE job_id = %s ORDER BY 1", job
    ) == [("2026-01",)]


def test_a_late_replace_without_a_key_keeps_later_rows(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (name text)", ", write_disposition => 'replace'")
    ledger.load("t", 1, [("first",)])
    late = ledger.land("t", 5)
    ledger.stage(late, "t", [("late",)])
    ledger.admin.execute(
        "SELECT waybill.merge_batch(gen_random_uuid(), 't', %s, 'atomic')",
        ('[[0, {"name": "batch"}, "batch"]]',),
    )
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.rows("SELECT name FROM t ORDER BY name") == [("batch",), ("late",)]
