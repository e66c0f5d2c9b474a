"""Appending to a table with a key only inserts, in the landing order."""

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register


def test_appending_to_a_table_with_a_key_only_inserts(ledger: Ledger) -> None:
    register(
        ledger, "CREATE TABLE t (id int PRIMARY KEY, v text)", ", write_disposition => 'append'"
    )
    first = ledger.load("t", 1, [(1, "a"), (2, "b"), (1, "c")])
    assert ledger.rejects(first) == [(3, "1,c", ["duplicate_key"])]
    job = ledger.load("t", 2, [(2, "d"), (3, "e")])
    assert ledger.waybill(job) == {"read": 2, "inserted": 1, "rejected": 1}
    assert ledger.rows("SELECT id, v FROM t ORDER BY id") == [(1, "a"), (2, "b"), (3, "e")]


def test_files_that_append_to_a_table_with_a_key_keep_their_order(ledger: Ledger) -> None:
    register(
        ledger, "CREATE TABLE t (id int PRIMARY KEY, v text)", ", write_disposition => 'append'"
    )
    early, late = ledger.land("t", 1), ledger.land("t", 2)
    ledger.stage(late, "t", [(1, "late")])
    response = ledger.merge(late)
    assert (response["outcome"], response["waiting_for"]) == ("waiting", [str(early)])
    ledger.stage(early, "t", [(1, "early")])
    ledger.merge(early)
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.rows("SELECT v FROM t") == [("early",)]
