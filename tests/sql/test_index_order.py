"""Tables whose indexes have no order that new records could be sorted by."""

import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

TABLES = {
    "of a type without an order": "CREATE INDEX ON t USING gist (place);",
    "by hash": "CREATE INDEX ON t USING hash (name);",
    "that includes a column of such a type": "CREATE INDEX ON t (name) INCLUDE (place);",
    "the second of two": "CREATE INDEX ON t USING gist (place); CREATE INDEX ON t (n, name, n);",
}


@pytest.mark.parametrize("indexes", TABLES.values(), ids=TABLES)
def test_records_are_inserted_and_updated(ledger: Ledger, indexes: str) -> None:
    columns = "id integer PRIMARY KEY, name text, place point, n integer"
    register(ledger, f"CREATE TABLE t ({columns}); {indexes}")
    first = ledger.load("t", 1, [(2, "b", "(1,2)", 5), (1, "a", "(3,4)", 6)])
    assert ledger.waybill(first) == {"read": 2, "inserted": 2}
    again = ledger.load("t", 2, [(2, "c", "(1,2)", 5), (3, "d", "(5,6)", 7)])
    assert ledger.waybill(again) == {"read": 2, "inserted": 1, "updated": 1}
    batch(ledger, "t", [{"id": "4", "name": "e", "place": "(7,8)", "n": "8"}, {"id": "5"}])
    assert ledger.rows("SELECT id, name, place::text, n FROM t ORDER BY id") == [
        (1, "a", "(3,4)", 6),
        (2, "c", "(1,2)", 5),
        (3, "d", "(5,6)", 7),
        (4, "e", "(7,8)", 8),
        (5, None, None, None),
    ]
