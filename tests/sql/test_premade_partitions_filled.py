"""A partition that Waybill made ahead is filled as a new one is."""

from datetime import UTC, datetime

from tests.sql.empty_partitions import declare, load, oids, year_of
from tests.sql.staging import Ledger


def test_a_partition_that_was_made_ahead_is_exchanged(ledger: Ledger) -> None:
    declare(ledger, "gauges")
    year = datetime.now(UTC).year
    ledger.rows("SELECT waybill.premake_partitions()")
    before = oids(ledger, "gauges")
    job = load(ledger, "gauges", 1, year_of(year))
    after = oids(ledger, "gauges")
    assert ledger.waybill(job) == {"read": 40, "inserted": 40}
    assert after.keys() == before.keys()
    assert [n for n in before if after[n] != before[n]] == [f"gauges_{year}"]
