"""Whoever reads a table page by page notices that rows were stored again in other pages."""

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import PRICES, register


def snapshot(ledger: Ledger, dataset: str) -> object:
    """What an export compares between its files."""
    return ledger.rows("SELECT waybill.export_snapshot(%s)", dataset)


def test_a_batch_that_only_stamps_rows_moves_them(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)")
    ledger.load("t", 1, [(1, 1), (2, 2)])
    before = snapshot(ledger, "t"), ledger.rows("SELECT ctid FROM t ORDER BY id")
    batch(ledger, "t", [{"id": "1", "n": "1"}])
    after = snapshot(ledger, "t"), ledger.rows("SELECT ctid FROM t ORDER BY id")
    assert before[1] != after[1]
    assert before[0] != after[0]


def test_a_batch_that_is_merged_like_a_file_moves_them_too(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)")
    ledger.load("t", 1, [(1, 1), (2, 2)])
    before = snapshot(ledger, "t")
    # A key that is there twice is more than `79_direct_write.sql` does.
    batch(ledger, "t", [{"id": "1", "n": "1"}, {"id": "1", "n": "1"}])
    assert snapshot(ledger, "t") != before


def test_a_file_that_is_staged_again_moves_the_rows_that_it_stamps(ledger: Ledger) -> None:
    ledger.declare(PRICES.format(options="natural_key => '{code}'"))
    ledger.load("prices", 1, [("a", 1)])
    later = ledger.load("prices", 3, [("a", 1)])
    late = ledger.land("prices", 2)
    ledger.stage(late, "prices", [("a", 9)])
    assert ledger.merge(late)["restamping"] == [str(later)]
    before = snapshot(ledger, "prices")
    ledger.stage_chunk(later, ["code", "price"], False, [("a", 1)])
    assert ledger.merge(later)["outcome"] == "merged"
    assert snapshot(ledger, "prices") != before


def test_files_that_find_everything_unchanged_move_nothing(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)")
    ledger.load("t", 1, [(1, 1), (2, 2)])
    before = snapshot(ledger, "t")
    ledger.load("t", 2, [(1, 1)])
    assert snapshot(ledger, "t") == before
