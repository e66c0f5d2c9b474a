"""One load is taken back: its rows are as they were before it, or nothing changes."""

import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

TABLE = "CREATE TABLE t (id int PRIMARY KEY, n numeric, note text)"
REVERTED = {"restamped": 0, "reinserted": 0, "erased": 0, "withdrawn": 0}


def revert(ledger: Ledger, job: UUID) -> dict[str, Any]:
    """The waybill of the revert, without its time."""
    row = ledger.api.execute("SELECT waybill.revert_job(%s)", (job,)).fetchone()
    assert row is not None
    document = dict(row[0])
    del document["reverted_at"]
    return document


def conflicts(ledger: Ledger, job: UUID) -> list[tuple[str, str]]:
    """(code, message) of what keeps the job from being reverted."""
    with pytest.raises(psycopg.Error) as caught:
        ledger.api.execute("SELECT waybill.revert_job(%s)", (job,))
    assert caught.value.sqlstate == "WB020"
    found = json.loads(caught.value.diag.message_detail or "[]")
    return [(each["code"], each["message"]) for each in found]


def test_inserted_rows_are_removed_and_updated_ones_restored(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, "1.50", "a"), (2, 2, None), (3, 3, "c")])
    before = ledger.rows("SELECT id, n::text, note, _landed FROM t ORDER BY id")
    second = ledger.load("t", 2, [(1, "1.5", "b"), (2, 2, None), (4, 4, "d")])
    document = revert(ledger, second)
    assert document == {"rows": 2, "removed": 1, "restored": 1, **REVERTED}
    assert ledger.rows("SELECT id, n::text, note, _landed FROM t ORDER BY id") == before
    assert ledger.state(second) == "REVERTED"
    assert ledger.waybill(second) == {"read": 3, "inserted": 1, "updated": 1, "unchanged": 1}
    assert revert(ledger, second) == document
    assert revert(ledger, first) == {"rows": 3, "removed": 3, "restored": 0, **REVERTED}
    assert ledger.rows("SELECT * FROM t") == []
    assert ledger.rows("SELECT * FROM waybill.row_images") == []


def test_a_load_that_a_later_one_changed_is_not_reverted_before_that_one(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, 1, "a"), (2, 2, "b")])
    second = ledger.load("t", 2, [(2, 3, "b")])
    assert conflicts(ledger, first) == [
        ("row-changed", f"The row (id = 2) was changed by job {second}.")
    ]
    revert(ledger, second)
    revert(ledger, first)
    assert ledger.rows("SELECT * FROM t") == []


def test_a_row_that_somebody_changed_by_hand_is_named(ledger: Ledger) -> None:
    register(ledger, TABLE, ", personal => '{id}'")
    job = ledger.load("t", 1, [(1, 1, "a"), (2, 2, "b")])
    ledger.declare("UPDATE t SET note = 'hand' WHERE id = 2; DELETE FROM t WHERE id = 1")
    by_hand = "was changed by a statement outside of Waybill"
    assert conflicts(ledger, job) == [
        ("row-changed", f"The row (id = [masked]) {by_hand}."),
        ("row-changed", f"The row (id = [masked]) {by_hand}."),
    ]
    assert ledger.rows("SELECT id FROM t") == [(2,)]


def test_rows_that_a_later_file_has_too_are_its_rows(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, 1, "a"), (2, 2, "b")])
    second = ledger.load("t", 2, [(2, 2, "b"), (3, 3, "c")])
    assert conflicts(ledger, first) == [
        ("row-repeated", f"The row (id = 2) is in the later job {second}, too.")
    ]
    revert(ledger, second)
    revert(ledger, first)
    assert ledger.rows("SELECT * FROM t") == []


def test_the_stamps_of_unchanged_rows_go_back(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    before = ledger.rows("SELECT * FROM t")
    job, _ = batch(ledger, "t", [{"id": "1", "n": "1", "note": "a"}, {"id": "2", "n": "2"}])
    assert ledger.rows("SELECT * FROM t WHERE id = 1") != before
    assert revert(ledger, job) == {
        "rows": 2, "removed": 1, "restored": 0, **REVERTED, "restamped": 1,
    }  # fmt: skip
    assert ledger.rows("SELECT * FROM t") == before


def test_a_record_that_lost_to_the_load_keeps_it(ledger: Ledger) -> None:
    register(ledger, TABLE)
    later = ledger.load("t", 9, [(1, 9, "later"), (2, 9, "later")])
    late = ledger.load("t", 5, [(1, 5, "late")])
    assert ledger.waybill(late) == {"read": 1, "superseded": 1}
    assert conflicts(ledger, later) == [
        ("row-superseded",
         f"The row (id = 1) has an earlier record in job {late} that was left out for it.")
    ]  # fmt: skip
    revert(ledger, late)
    revert(ledger, later)
    assert ledger.rows("SELECT * FROM t") == []


def test_rows_that_others_refer_to_stay(ledger: Ledger) -> None:
    parents = ledger.load("departments", 1, [(1, "Sales"), (2, "Legal")])
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, department_id int REFERENCES departments"
        " ON DELETE CASCADE); SELECT waybill.register_dataset('kids')"
    )
    kids = ledger.load("kids", 2, [(1, 2)])
    assert conflicts(ledger, parents) == [
        ("row-referenced", "The row (id = 2) is referred to by public.kids.")
    ]
    revert(ledger, kids)
    revert(ledger, parents)
    assert ledger.rows("SELECT * FROM departments") == []


def test_a_replacing_file_is_taken_back_whole(ledger: Ledger) -> None:
    register(ledger, TABLE, ", write_disposition => 'replace'")
    ledger.load("t", 1, [(1, 1, "a"), (2, 2, "b"), (3, 3, "c")])
    before = ledger.rows("SELECT * FROM t ORDER BY id")
    job = ledger.load("t", 2, [(2, 9, "b"), (3, 3, "c"), (4, 4, "d")])
    assert revert(ledger, job) == {
        "rows": 3, "removed": 1, "restored": 1, **REVERTED, "reinserted": 1,
    }  # fmt: skip
    assert ledger.rows("SELECT * FROM t ORDER BY id") == before
    # It replaces nothing any more.
    late = ledger.load("t", 1.5, [(1, 7, "late")])
    assert ledger.waybill(late)["updated"] == 1


def test_a_table_without_a_key_is_replaced_back(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (name text)", ", write_disposition => 'replace'")
    ledger.load("t", 1, [("a",), ("a",), (None,)])
    before = ledger.rows("SELECT * FROM t ORDER BY name")
    job = ledger.load("t", 2, [("b",)])
    assert revert(ledger, job)["reinserted"] == 3
    assert ledger.rows("SELECT * FROM t ORDER BY name") == before


def test_appended_rows_are_removed(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (name text)")
    ledger.load("t", 1, [("a",), ("b",)])
    job = ledger.load("t", 2, [("a",), ("c",)])
    assert revert(ledger, job) == {"rows": 2, "removed": 2, "restored": 0, **REVERTED}
    assert ledger.rows("SELECT name FROM t ORDER BY 1") == [("a",), ("b",)]


def test_rows_move_back_to_their_partitions(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int, day date, n int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        ", natural_key => '{id}', partition_unit => 'month'",
    )
    ledger.load("t", 1, [(1, "2026-01-01", 1), (2, "2026-01-01", 1)])
    before = ledger.rows("SELECT tableoid, * FROM t ORDER BY id")
    job = ledger.load("t", 2, [(1, "2026-02-01", 1)])
    ledger.admin.execute("DELETE FROM waybill.stale_parts")
    assert revert(ledger, job)["restored"] == 1
    assert ledger.rows("SELECT tableoid, * FROM t ORDER BY id") == before
    assert ledger.rows("SELECT part FROM waybill.stale_parts ORDER BY 1") == [
        ("2026-01",), ("2026-02",),
    ]  # fmt: skip


def test_rows_of_a_truncated_table_are_missed(ledger: Ledger) -> None:
    register(ledger, TABLE)
    job = ledger.load("t", 1, [(1, 1, "a"), (2, 2, "b")])
    ledger.declare("TRUNCATE t")
    assert conflicts(ledger, job) == [
        ("rows-missing", "The load wrote 2 rows, and 0 are accounted for.")
    ]


@pytest.mark.parametrize("person", [1, 2, 3])
def test_an_erased_person_does_not_come_back(ledger: Ledger, person: int) -> None:
    register(ledger, TABLE, ", personal => '{note}'")
    ledger.load("t", 1, [(1, 1, "Ada"), (2, 2, "Bob")])
    job = ledger.load("t", 2, [(1, 9, "Ada"), (3, 3, "Cy")])
    ledger.rows("SELECT waybill.erase_person('t', %s)", json.dumps([str(person)]))
    ((kept,),) = ledger.rows(
        "SELECT count(*) FROM waybill.row_images WHERE record ->> 'id' = %s", str(person)
    )
    assert kept == 0
    document = revert(ledger, job)
    assert document["erased"] == (0 if person == 2 else 1)
    assert document["rows"] == 2
    names = {1: "Ada", 2: "Bob"}
    assert ledger.rows("SELECT id, note FROM t ORDER BY id") == [
        (key, name) for key, name in names.items() if key != person
    ]


def test_pending_records_go_with_their_load(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, department_id int REFERENCES departments);"
        " SELECT waybill.register_dataset('kids')"
    )
    job = ledger.load("kids", 1, [(1, None), (2, 7)])
    assert revert(ledger, job) == {
        "rows": 1, "removed": 1, "restored": 0, **REVERTED, "withdrawn": 1,
    }  # fmt: skip
    assert ledger.rows("SELECT * FROM waybill.pending_references") == []
    ledger.load("departments", 2, [(7, "Sales")])
    assert ledger.resolve(job)["outcome"] == "ended"
    assert ledger.rows("SELECT * FROM kids") == []


def test_pending_records_that_were_loaded_later_are_taken_back_too(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE kids (id int PRIMARY KEY, n int, department_id int REFERENCES departments);"
        " SELECT waybill.register_dataset('kids')"
    )
    ledger.load("kids", 1, [(2, 0, None)])
    job = ledger.load("kids", 2, [(1, 1, None), (2, 1, 7), (3, 1, 7)])
    ledger.load("departments", 3, [(7, "Sales")])
    ledger.resolve(job)
    assert revert(ledger, job) == {"rows": 3, "removed": 2, "restored": 1, **REVERTED}
    assert ledger.rows("SELECT id, n FROM kids") == [(2, 0)]


def test_the_first_image_of_a_row_counts(ledger: Ledger) -> None:
    register(ledger, TABLE)
    ledger.load("t", 1, [(1, 1, "a")])
    before = ledger.rows("SELECT * FROM t")
    # Groups of rows with other fields are written one after the other.
    rows: list[dict[str, str | None]] = [
        {"id": "1", "n": "2"},
        {"id": "1", "note": "b"},
        {"id": "2", "n": "1"},
        {"id": "2", "note": "c"},
    ]
    job, _ = batch(ledger, "t", rows)
    assert revert(ledger, job) == {"rows": 2, "removed": 1, "restored": 1, **REVERTED}
    assert ledger.rows("SELECT * FROM t") == before


def test_rows_that_refer_to_each_other_are_removed_together(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, boss int REFERENCES t)")
    ledger.load("t", 1, [(1, None), (2, 1)])
    before = ledger.rows("SELECT * FROM t ORDER BY id")
    job = ledger.load("t", 2, [(2, 3), (3, 1), (4, 3)])
    revert(ledger, job)
    assert ledger.rows("SELECT * FROM t ORDER BY id") == before


def test_the_content_of_a_reverted_load_is_not_current_is_loaded_again(ledger: Ledger) -> None:
    register(ledger, TABLE)
    first = ledger.load("t", 1, [(1, 1, "a")])
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET sha256 = 'x' WHERE job_id = %s", (first,)
    )
    revert(ledger, first)
    assert ledger.rows("SELECT * FROM waybill.current_contents") == []
    again = ledger.load("t", 2, [(1, 1, "a")])
    assert ledger.waybill(again) == {"read": 1, "inserted": 1}
