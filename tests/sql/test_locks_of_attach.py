"""New partitions are attached once all have their indexes: ATTACH keeps writers of parents out."""

import pytest

from tests.sql import empty_partitions as partitions
from tests.sql.staging import Ledger

# An index that cannot be built while this session keeps writers of the parents out.
_INDEX = """
CREATE FUNCTION while_parents_are_free(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_locks WHERE pid = pg_catalog.pg_backend_pid()
            AND relation = 'public.kinds'::regclass AND mode ~ '^(ShareRow|Access)Exclusive') THEN
        RAISE 'kinds is locked while an index is built';
    END IF;
    RETURN value;
END $$;
CREATE INDEX ON spans (while_parents_are_free(id));
"""


@pytest.mark.parametrize("there", [(), (2021,), (2021, 2022)])
def test_writers_of_parents_do_not_wait_for_indexes(ledger: Ledger, there: tuple[int, ...]) -> None:
    partitions.declare(ledger, "spans")
    for year in there:
        partitions.add_year(ledger, "spans", year)
    before = partitions.oids(ledger, "spans")
    ledger.declare(_INDEX)
    records = [*partitions.year_of(2021, 40), *partitions.year_of(2022, 40, first=40)]
    job = partitions.load(ledger, "spans", 0, records)
    assert ledger.waybill(job) == {"read": 80, "inserted": 80}
    after = partitions.oids(ledger, "spans")
    assert set(after) == {"spans_2021", "spans_2022"}
    # Filled on the side, those that were there too.
    assert not set(before.values()) & set(after.values())
    assert not ledger.row_by_row(job)
