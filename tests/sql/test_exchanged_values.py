"""Unique values that are passed on within a file, in tables that others refer to or that refuse."""

from typing import Any

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

PARTITIONED = (
    "CREATE TABLE t (id int, mail text, day date, PRIMARY KEY (id, day), UNIQUE (mail, day))"
    " PARTITION BY RANGE (day)"
)
BY_YEAR = ", natural_key => '{id}', partition_unit => 'year'"
MAILS = "CREATE TABLE t (id int PRIMARY KEY, mail text UNIQUE, n int)"
REFUSES = """
;CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF new.n < 0 THEN RAISE EXCEPTION 'no'; END IF; RETURN new; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION refuse()
"""
EXCLUDES = "; ALTER TABLE t ADD EXCLUDE USING btree (n WITH =) WHERE (n < 0)"


@pytest.mark.parametrize("year", ["2022", "2030"])
def test_rows_that_move_to_another_partition_may_exchange_values(ledger: Ledger, year: str) -> None:
    register(
        ledger,
        f"{PARTITIONED}; CREATE TABLE c (id int, day date, FOREIGN KEY (id, day) REFERENCES t"
        " ON UPDATE CASCADE ON DELETE CASCADE)",
        BY_YEAR,
    )
    ledger.load("t", 1, [(1, "a", "2021-01-01"), (2, "b", "2022-01-01"), (3, "c", "2021-01-01")])
    ledger.declare("INSERT INTO c SELECT id, day FROM t")
    moved = [(1, "b", "2022-01-01"), (2, "c", "2021-01-01"), (3, "c", f"{year}-01-01")]
    job = ledger.load("t", 2, moved)
    assert ledger.waybill(job) == {"read": 3, "updated": 3}
    assert ledger.rows("SELECT id, mail, day::text FROM t ORDER BY id") == moved
    assert ledger.rows("SELECT id, day::text FROM c ORDER BY id") == [(n, d) for n, _, d in moved]


@pytest.mark.parametrize(
    ("action", "children"),
    [
        ("CASCADE", [(1, "b"), (2, "a"), (9, "c")]),
        ("SET NULL", [(1, None), (2, None), (9, "c")]),
        ("SET DEFAULT", [(1, "c"), (2, "c"), (9, "c")]),
        # Both values are still there, of other rows.
        ("NO ACTION", [(1, "a"), (2, "b"), (9, "c")]),
    ],
)
def test_rows_of_other_tables_follow_values_that_are_exchanged(
    ledger: Ledger, action: str, children: list[tuple[Any, ...]]
) -> None:
    _register_children(ledger, action)
    job = ledger.load("t", 2, [(1, "b", 1), (2, "a", 1)])
    assert ledger.waybill(job) == {"read": 2, "updated": 2}
    assert not ledger.row_by_row(job)
    assert ledger.rows("SELECT id, mail FROM t ORDER BY id") == [(1, "b"), (2, "a"), (3, "c")]
    assert ledger.rows("SELECT id, mail FROM c ORDER BY id") == children


@pytest.mark.parametrize("action", ["NO ACTION", "RESTRICT"])
def test_a_value_that_rows_of_another_table_refer_to_is_not_taken_away(
    ledger: Ledger, action: str
) -> None:
    _register_children(ledger, action)
    job = ledger.load("t", 2, [(1, "b", 1), (2, "d", 1)])
    assert ledger.waybill(job) == {"read": 2, "rejected": 2}
    assert ledger.rows("SELECT id, mail FROM t ORDER BY id") == [(1, "a"), (2, "b"), (3, "c")]
    assert ledger.rows("SELECT mail FROM c ORDER BY id") == [("a",), ("b",), ("c",)]


@pytest.mark.parametrize("action", ["NO ACTION", "RESTRICT"])
def test_a_row_whose_value_is_referred_to_does_not_take_one_that_is_passed_on(
    ledger: Ledger, action: str
) -> None:
    _register_children(ledger, action)
    ledger.declare("DELETE FROM c WHERE mail = 'b'")
    job = ledger.load("t", 2, [(1, "b", 1), (2, "d", 1)])
    assert ledger.waybill(job) == {"read": 2, "updated": 1, "rejected": 1}
    assert ledger.rows("SELECT id, mail FROM t ORDER BY id") == [(1, "a"), (2, "d"), (3, "c")]
    assert ledger.rows("SELECT mail FROM c ORDER BY id") == [("a",), ("c",)]


def _register_children(ledger: Ledger, action: str) -> None:
    register(
        ledger,
        f"{MAILS}; CREATE TABLE c (id int, mail text DEFAULT 'c' REFERENCES t (mail)"
        f" ON UPDATE {action})",
    )
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0)])
    ledger.declare("INSERT INTO c VALUES (1, 'a'), (2, 'b'), (9, 'c')")


@pytest.mark.parametrize("descending", [False, True])
def test_values_are_passed_on_in_a_table_with_a_trigger(ledger: Ledger, descending: bool) -> None:
    register(ledger, MAILS + REFUSES)
    ledger.load("t", 1, [(n, f"m{n}", 0) for n in range(50)])
    records = [(n, f"m{n + 1}", 1) for n in range(50)] + [(99, "m0", 1), (98, "bad", -1)]
    job = ledger.load("t", 2, records[::-1] if descending else records)
    assert ledger.waybill(job) == {"read": 52, "updated": 50, "inserted": 1, "rejected": 1}
    assert ledger.rows("SELECT id, mail FROM t ORDER BY id") == [
        *((n, f"m{n + 1}") for n in range(50)),
        (99, "m0"),
    ]


@pytest.mark.parametrize("place", range(5))
def test_values_are_passed_on_beside_a_record_that_the_table_refuses(
    ledger: Ledger, place: int
) -> None:
    register(ledger, MAILS + EXCLUDES)
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0), (4, "d", 0), (9, "z", -1)])
    # 1 and 2 exchange their values, 4 takes the value of 3, and 5 that of 4.
    records = [(1, "b", 1), (2, "a", 1), (3, "e", 1), (4, "c", 1), (5, "d", 1)]
    job = ledger.load("t", 2, [*records[:place], (8, "y", -1), *records[place:]])
    assert ledger.waybill(job) == {"read": 6, "updated": 4, "inserted": 1, "rejected": 1}
    assert ledger.rows("SELECT id, mail, n FROM t WHERE n > 0 ORDER BY id") == records


def test_a_record_that_is_refused_keeps_the_value_that_others_count_on(ledger: Ledger) -> None:
    register(ledger, MAILS + EXCLUDES)
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0), (9, "z", -1)])
    # 2 is refused, so 1 cannot have its value; 3 depends on neither.
    job = ledger.load("t", 2, [(1, "b", 1), (2, "e", -1), (3, "f", 1)])
    assert [line for line, _, _ in ledger.rejects(job)] == [1, 2]
    assert ledger.rows("SELECT id, mail FROM t WHERE n >= 0 ORDER BY id") == [
        (1, "a"), (2, "b"), (3, "f"),
    ]  # fmt: skip


def test_a_child_before_its_parent_is_written_beside_a_refused_record(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, boss int REFERENCES t, n int)" + REFUSES)
    job = ledger.load("t", 1, [(1, 2, 0), (4, None, -1), (2, 3, 0), (5, 4, 0), (3, None, 0)])
    assert [line for line, _, _ in ledger.rejects(job)] == [2, 4]
    assert ledger.rows("SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_triggers_see_the_first_records_of_a_partition(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int, day date, n int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);"
        "CREATE TABLE seen (id int);"
        "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.seen VALUES (new.id); RETURN new; END $$;"
        "CREATE TRIGGER see AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION see()" + REFUSES,
        BY_YEAR,
    )
    job = ledger.load("t", 1, [(1, "2021-01-01", 0), (2, "2022-01-01", 0), (3, "2022-01-01", -1)])
    assert ledger.waybill(job) == {"read": 3, "inserted": 2, "rejected": 1}
    assert ledger.rows("SELECT id FROM seen ORDER BY id") == [(1,), (2,)]
