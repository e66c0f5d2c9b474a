"""After a load the planner knows the tables that it changed."""

import time

from functions.pipeline.refresh.analyse_tables import analyse_tables
from tests.postgres.databases import Connection
from tests.sql.staging import Ledger

TABLE = """
CREATE TABLE counts (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
SELECT waybill.register_dataset('counts', natural_key => '{id}', partition_unit => 'year');
"""
_TRIES = 600
ANALYSED = """
SELECT array_agg(DISTINCT tablename ORDER BY tablename)
FROM pg_stats WHERE tablename LIKE 'counts_20__' OR tablename = 'ingestion_jobs'
"""


def analysed(ledger: Ledger) -> object:
    """The tables that the planner has statistics of."""
    with ledger.database.connect() as admin:
        ((tables,),) = admin.execute(ANALYSED.encode()).fetchall()
    return tables


def load(ledger: Ledger) -> None:
    """A load by a connection that ends, as that of a function: its statistics are sent then."""
    ledger.declare(TABLE)
    days = [(n, "2020-01-01" if n % 3 else "2021-01-01") for n in range(300)]
    ledger.load("counts", 0, days)
    ledger.close()
    with ledger.database.connect() as admin:
        for _ in range(_TRIES):
            if admin.execute("SELECT count(*) FROM waybill.tables_to_analyse()").fetchone() == (2,):
                return
            time.sleep(0.05)
    raise TimeoutError("the server does not know of the load")


def test_the_partitions_of_a_load_are_analysed_once(ledger: Ledger, refresher: Connection) -> None:
    load(ledger)
    assert analyse_tables(refresher, seconds=30) == ["public.counts_2020", "public.counts_2021"]
    assert analysed(ledger) == ["counts_2020", "counts_2021"]
    assert analyse_tables(refresher, seconds=30) == []


def test_no_table_is_begun_when_the_time_is_up(ledger: Ledger, refresher: Connection) -> None:
    load(ledger)
    assert analyse_tables(refresher, seconds=-1) == []
    assert analysed(ledger) is None


def test_a_table_that_somebody_holds_is_left(ledger: Ledger, refresher: Connection) -> None:
    load(ledger)
    with ledger.database.connect() as holder:
        holder.execute("BEGIN; LOCK TABLE counts_2020 IN SHARE UPDATE EXCLUSIVE MODE")
        analyse_tables(refresher, seconds=30)
        holder.execute("ROLLBACK")
    assert analysed(ledger) == ["counts_2021"]


def test_only_what_has_changed_can_be_analysed(ledger: Ledger, refresher: Connection) -> None:
    load(ledger)
    refresher.execute("SELECT waybill.analyse_table('waybill.ingestion_jobs')")
    refresher.execute("SELECT waybill.analyse_table('no such table')")
    assert analysed(ledger) is None
