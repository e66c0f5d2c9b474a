"""Files that lack columns: their records are copied only where one may have to wait."""

import pytest
from psycopg import errors

from tests.sql.staging import Ledger

_COLUMNS = ("id", "berth")


@pytest.fixture
def boats(ledger: Ledger) -> Ledger:
    """A table with a parent, and a merge that fails if it copies its records."""
    ledger.declare(
        "CREATE TABLE harbours (id integer PRIMARY KEY);"
        "SELECT waybill.register_dataset('harbours');"
        "CREATE TABLE boats (id integer PRIMARY KEY, berth text, harbour integer"
        " REFERENCES harbours);"
        "SELECT waybill.register_dataset('boats')"
    )
    return ledger


def _forbid_copies(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE OR REPLACE FUNCTION waybill.store_records() RETURNS void LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'copied' USING ERRCODE = 'WB005'; END $$"
    )


def test_records_that_lack_columns_are_not_copied_where_nothing_is_pending(boats: Ledger) -> None:
    # A pending record of a later file keeps none waiting.
    later = boats.load("boats", 9, [(9, "z", 7)])
    assert boats.waybill(later) == {"read": 1, "pending_reference": 1}
    _forbid_copies(boats)
    job = boats.load("boats", 1, [(1, "a"), (2, "b")], columns=_COLUMNS)
    assert boats.waybill(job) == {"read": 2, "inserted": 2}
    assert boats.rows("SELECT id, berth, harbour FROM boats ORDER BY id") == [
        (1, "a", None),
        (2, "b", None),
    ]


def test_records_that_lack_columns_wait_for_a_pending_record_of_their_key(boats: Ledger) -> None:
    first = boats.load("boats", 1, [(1, "a", 7)])
    job = boats.load("boats", 2, [(1, "b"), (2, "c")], columns=_COLUMNS)
    assert boats.waybill(job) == {"read": 2, "inserted": 1, "pending_reference": 1}
    boats.load("harbours", 3, [(7,)])
    boats.resolve(first)
    boats.resolve(job)
    assert boats.rows("SELECT id, berth, harbour FROM boats ORDER BY id") == [
        (1, "b", 7),
        (2, "c", None),
    ]
    boats.load("boats", 4, [(3, "d", 8)])
    _forbid_copies(boats)
    with pytest.raises(errors.Error, match="copied"):
        boats.load("boats", 5, [(4, "e")], columns=_COLUMNS)
