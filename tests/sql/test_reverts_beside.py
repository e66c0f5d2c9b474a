"""Reverts of loads whose changes had effects elsewhere, or whose partitions are being moved."""

import pytest

from tests.sql.folding import ROWS, fold, monthly, partitions, records, until
from tests.sql.staging import Ledger
from tests.sql.test_reverts import conflicts, revert
from tests.sql.unseen_tables import register

REGISTERED = "SELECT waybill.register_dataset('kids'{})"
KIDS = {
    "with images": REGISTERED.format(""),
    "without images": REGISTERED.format(", revertible_days => 0"),
    "of nobody": "SELECT 1",
}


@pytest.mark.parametrize("kids", KIDS.values(), ids=KIDS)
@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_a_load_that_deleted_rows_with_those_that_followed_is_kept(
    ledger: Ledger, action: str, kids: str
) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY)", ", write_disposition => 'replace'")
    ledger.load("t", 1, [(1,), (2,)])
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, of int REFERENCES t"
        f" ON DELETE {action}); {kids}; INSERT INTO kids (id, of) VALUES (1, 1), (2, 2)"
    )
    job = ledger.load("t", 2, [(2,)])
    followed = ledger.rows("SELECT id, of FROM kids ORDER BY id")
    assert followed == ([(2, 2)] if action == "CASCADE" else [(1, None), (2, 2)])
    assert [code for code, _ in conflicts(ledger, job)] == ["other-table"]
    assert (ledger.state(job), ledger.rows("SELECT id FROM t")) == ("COMPLETED", [(2,)])


@pytest.mark.parametrize("kids", KIDS.values(), ids=KIDS)
@pytest.mark.parametrize(("action", "value"), [("CASCADE", "c"), ("SET NULL", None)])
def test_a_load_that_changed_a_value_that_others_followed_is_kept(
    ledger: Ledger, action: str, value: str | None, kids: str
) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, code text UNIQUE)")
    ledger.load("t", 1, [(1, "a"), (2, "b")])
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, of text REFERENCES t (code)"
        f" ON UPDATE {action}); {kids}; INSERT INTO kids VALUES (1, 'a')"
    )
    job = ledger.load("t", 2, [(1, "c")])
    assert ledger.rows("SELECT of FROM kids") == [(value,)]
    assert "other-table" in {code for code, _ in conflicts(ledger, job)}
    assert ledger.rows("SELECT t.code, k.of FROM t CROSS JOIN kids AS k WHERE t.id = 1") == [
        ("c", value),
    ]  # fmt: skip


def test_images_of_followers_that_are_kept_for_a_shorter_time_are_missed(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY)", ", write_disposition => 'replace'")
    ledger.load("t", 1, [(1,), (2,)])
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, of int REFERENCES t ON DELETE CASCADE);"
        " SELECT waybill.register_dataset('kids', revertible_days => 1);"
        " INSERT INTO kids (id, of) VALUES (1, 1), (2, 2)"
    )
    job = ledger.load("t", 2, [(2,)])
    for column in ("waybill.datasets.images_since", "waybill.row_images.kept_at",
                   "waybill.ingestion_jobs.started_at", "waybill.ingestion_jobs.created_at",
                   "waybill.ingestion_jobs.finished_at"):  # fmt: skip
        table, _, name = column.rpartition(".")
        ledger.admin.execute(f"UPDATE {table} SET {name} = {name} - interval '3 days'".encode())
    ledger.admin.execute("SELECT waybill.purge_images()")
    assert [code for code, _ in conflicts(ledger, job)] == ["other-table"]
    assert ledger.rows("SELECT id FROM t") == [(2,)]


@pytest.mark.parametrize("kids", KIDS.values(), ids=KIDS)
def test_a_load_that_deleted_nothing_others_had_is_taken_back(ledger: Ledger, kids: str) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, n int)")
    ledger.load("t", 1, [(1, 1), (2, 2)])
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, of int REFERENCES t"
        f" ON DELETE CASCADE ON UPDATE CASCADE); {kids}; INSERT INTO kids VALUES (1, 1)"
    )
    job = ledger.load("t", 2, [(1, 5), (3, 3)])
    revert(ledger, job)
    assert ledger.rows("SELECT id, n FROM t ORDER BY id") == [(1, 1), (2, 2)]
    assert ledger.rows("SELECT id, of FROM kids") == [(1, 1)]


@pytest.mark.parametrize("after", ["copied", "indexed", "analysed"])
def test_a_load_is_taken_back_while_its_partitions_become_one(ledger: Ledger, after: str) -> None:
    visits = monthly(ledger)
    before = visits.rows(ROWS)
    job = visits.load(
        "visits",
        1,
        [(r[0], r[1], r[2] + 1, r[3]) for r in records(5, 20)] + records(2000, 20),
        columns=["id", "day", "kind", "note"],
    )
    until(visits, after)
    revert(visits, job)
    assert visits.rows(ROWS) == before
    fold(visits)
    assert partitions(visits) == ["visits_2021"]
    assert visits.rows(ROWS) == before


def test_a_load_is_taken_back_after_its_partitions_became_one(ledger: Ledger) -> None:
    visits = monthly(ledger)
    before = visits.rows(ROWS)
    job = visits.load(
        "visits",
        1,
        [(r[0], "2021-12-28", r[2], r[3]) for r in records(5, 20)],
        columns=["id", "day", "kind", "note"],
    )
    fold(visits)
    assert partitions(visits) == ["visits_2021"]
    revert(visits, job)
    assert visits.rows(ROWS) == before
