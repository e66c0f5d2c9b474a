"""Every value that a load writes is right: defaults, generated columns, representations, moves."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from tests.sql.staging import Ledger
from tests.sql.test_constraints import register

PARENTS = "CREATE TABLE parents (id int PRIMARY KEY, code text UNIQUE);INSERT INTO parents VALUES"


def revalidate(ledger: Ledger, table: str) -> None:
    """Check every foreign key and CHECK of the table on all of its rows."""
    ledger.admin.execute("SET ROLE waybill_owner")
    for name, definition in ledger.rows(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('f', 'c')",
        table,
    ):
        statement = f'ALTER TABLE {table} DROP CONSTRAINT "{name}", ADD {definition}'
        ledger.admin.execute(statement.encode())
    ledger.admin.execute("RESET ROLE")


REFERENCES: dict[str, tuple[str, list[str], list[tuple[Any, ...]], dict[str, int]]] = {
    "a default without its parent": (
        PARENTS + " (1, 'a');"
        "CREATE TABLE t (id int PRIMARY KEY, p int DEFAULT 9999 REFERENCES parents)",
        ["id"],
        [(1,), (2,)],
        {"read": 2, "pending_reference": 2},
    ),
    "a default with its parent": (
        PARENTS + " (1, 'a');"
        "CREATE TABLE t (id int PRIMARY KEY, p int DEFAULT 1 REFERENCES parents)",
        ["id"],
        [(1,), (2,)],
        {"read": 2, "inserted": 2},
    ),
    "one column of a composite key": (
        "CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b));"
        "INSERT INTO parents VALUES (1, 7);"
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int DEFAULT 7,"
        " FOREIGN KEY (a, b) REFERENCES parents)",
        ["id", "a"],
        [(1, 1), (2, 2), (3, None)],
        {"read": 3, "inserted": 2, "pending_reference": 1},
    ),
    "a generated column": (
        PARENTS + " (2, 'b');"
        "CREATE TABLE t (id int PRIMARY KEY, n int,"
        " p int GENERATED ALWAYS AS (n * 2) STORED REFERENCES parents)",
        ["id", "n"],
        [(1, 1), (2, 2)],
        {"read": 2, "inserted": 1, "pending_reference": 1},
    ),
}


@pytest.mark.parametrize("case", REFERENCES)
def test_every_written_reference_has_its_parent(ledger: Ledger, case: str) -> None:
    table, columns, records, waybill = REFERENCES[case]
    register(ledger, table)
    job = ledger.load("t", 1, records, columns=columns)
    assert ledger.waybill(job) == waybill
    revalidate(ledger, "t")


def test_an_update_is_checked_with_the_columns_that_it_keeps(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE parents (a int, b int, PRIMARY KEY (a, b));"
        "INSERT INTO parents VALUES (1, 1), (2, 2);"
        "CREATE TABLE t (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES parents)",
    )
    ledger.load("t", 1, [(1, 1, 1), (2, 2, 2)])
    job = ledger.load("t", 2, [(1, 2), (2, 2)], columns=["id", "a"])
    assert ledger.waybill(job) == {"read": 2, "unchanged": 1, "pending_reference": 1}
    revalidate(ledger, "t")


def test_check_is_checked_on_the_value_that_the_row_keeps(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, low int, high int DEFAULT 0, CHECK (low <= high))",
    )
    ledger.load("t", 1, [(1, 5, 10)])
    job = ledger.load("t", 2, [(1, 7), (2, 7), (3, -1)], columns=["id", "low"])
    assert ledger.waybill(job) == {"read": 3, "updated": 1, "inserted": 1, "rejected": 1}
    assert ledger.rows("SELECT id, low, high FROM t ORDER BY id") == [(1, 7, 10), (3, -1, 0)]
    assert not ledger.row_by_row(job)


REPRESENTATIONS = {
    "interval": ("1 mon", "30 days"),
    "interval of a day": ("24:00:00", "1 day"),
    "numeric": ("1.0", "1.00"),
    "float8": ("0", "-0"),
    "bpchar": ("a", "a "),
    "jsonb": ('{"a": 1.0}', '{"a": 1.00}'),
    "json": ('{"a":1}', '{"a": 1}'),
    "timetz": ("12:00+00", "13:00+01"),
    "numrange": ("[1.0,2)", "[1.00,2)"),
    "inet": ("10.0.0.1/8", "10.0.0.2/8"),
    "numeric[]": ("{1.0}", "{1.00}"),
    "interval[]": ("{1 mon}", "{30 days}"),
}


@pytest.mark.parametrize("kind", REPRESENTATIONS)
def test_unchanged_means_identical_in_representation(ledger: Ledger, kind: str) -> None:
    before, after = REPRESENTATIONS[kind]
    register(ledger, f"CREATE TABLE t (id int PRIMARY KEY, v {kind.split(' of ', maxsplit=1)[0]})")
    ledger.load("t", 1, [(1, before), (2, None)])
    assert ledger.waybill(ledger.load("t", 2, [(1, before), (2, None)])) == {
        "read": 2,
        "unchanged": 2,
    }
    job = ledger.load("t", 3, [(1, after), (2, None)])
    assert ledger.waybill(job) == {"read": 2, "updated": 1, "unchanged": 1}


MOVING = """
CREATE TABLE t (id int NOT NULL, day date NOT NULL, name text, PRIMARY KEY (id, day))
PARTITION BY RANGE (day);
CREATE TABLE children (id int, day date,
    FOREIGN KEY (id, day) REFERENCES t ON UPDATE CASCADE ON DELETE CASCADE);
"""


def test_a_move_to_a_new_partition_is_not_a_delete(ledger: Ledger) -> None:
    register(ledger, MOVING, ", natural_key => '{id}'")
    ledger.load("t", 1, [(1, "2020-05-01", "a"), (2, "2020-05-01", "b")])
    ledger.admin.execute("INSERT INTO children VALUES (1, '2020-05-01')")
    job = ledger.load("t", 2, [(1, "2024-05-01", "a")])
    assert ledger.waybill(job) == {"read": 1, "updated": 1}
    assert ledger.rows("SELECT id, day::text FROM children") == [(1, "2024-05-01")]
    assert ledger.rows("SELECT id, day::text FROM t ORDER BY id") == [
        (1, "2024-05-01"),
        (2, "2020-05-01"),
    ]


def test_a_table_whose_trigger_would_see_moves_as_deletes_is_refused(ledger: Ledger) -> None:
    with pytest.raises(Exception, match="would take a row that moves"):
        register(
            ledger,
            "CREATE TABLE t (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day))"
            " PARTITION BY RANGE (day);"
            "CREATE FUNCTION gone() RETURNS trigger LANGUAGE plpgsql AS"
            " $f$ BEGIN RETURN OLD; END $f$;"
            "CREATE TRIGGER gone AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION gone()",
            ", natural_key => '{id}'",
        )


def test_a_late_replace_without_a_key_keeps_later_rows(ledger: Ledger) -> None:
    register(ledger, "CREATE TABLE t (name text)", ", write_disposition => 'replace'")
    ledger.load("t", 1, [("first",)])
    late = ledger.land("t", 5)
    ledger.stage(late, "t", [("late",)])
    ledger.admin.execute(
        "SELECT waybill.merge_batch(gen_random_uuid(), 't', %s, 'atomic')",
        ('[[0, {"name": "batch"}, "batch"]]',),
    )
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.rows("SELECT name FROM t ORDER BY name") == [("batch",), ("late",)]


def test_a_partition_column_that_the_file_lacks_takes_its_default(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int NOT NULL, day date NOT NULL DEFAULT '2022-03-01',"
        " PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
        ", natural_key => '{id}'",
    )
    job = ledger.load("t", 1, [(1,), (2,)], columns=["id"])
    assert ledger.waybill(job) == {"read": 2, "inserted": 2}
    assert ledger.rows("SELECT tableoid::regclass::text, day::text FROM t") == [
        ("t_2022", "2022-03-01"),
        ("t_2022", "2022-03-01"),
    ]


def test_a_name_that_is_taken_does_not_stop_a_new_partition(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t_2022 (x int);"
        "CREATE TABLE t (id int NOT NULL, day date NOT NULL, PRIMARY KEY (id, day))"
        " PARTITION BY RANGE (day)",
        ", natural_key => '{id}'",
    )
    job = ledger.load("t", 1, [(1, "2022-01-01")])
    assert ledger.waybill(job) == {"read": 1, "inserted": 1}
    assert ledger.rows("SELECT tableoid::regclass::text FROM t") == [("t_2022_2",)]
    assert ledger.rows("SELECT waybill.parts_of('t')") == [("2022",)]


INCOMPRESSIBLE = "".join(sha256(bytes([n])).hexdigest() for n in range(200))
FAULTS: dict[str, tuple[str, list[tuple[Any, ...]], list[int]]] = {
    "a key too long for its index": (
        "CREATE TABLE t (id int PRIMARY KEY, name text);CREATE INDEX ON t (name)",
        [(1, "short"), (2, INCOMPRESSIBLE), (3, "x")],
        [2],
    ),
    "a trigger with a code of its own": (
        "CREATE TABLE t (id int PRIMARY KEY, n int);"
        "CREATE FUNCTION no_seven() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
        " IF NEW.n = 7 THEN RAISE EXCEPTION 'no' USING ERRCODE = 'AB123'; END IF;"
        " RETURN NEW; END $f$;"
        "CREATE TRIGGER no_seven BEFORE INSERT OR UPDATE ON t FOR EACH ROW"
        " EXECUTE FUNCTION no_seven()",
        [(1, 6), (2, 7), (3, 8)],
        [2],
    ),
    "JSON that is nested too deep": (
        "CREATE TABLE t (id int PRIMARY KEY, j jsonb)",
        [(1, "{}"), (2, "[" * 60000 + "]" * 60000), (3, "[1]")],
        [2],
    ),
    "a generated tsvector that is too long, in a CHECK": (
        "CREATE TABLE t (id int PRIMARY KEY, body text, words tsvector"
        " GENERATED ALWAYS AS (to_tsvector('simple', body)) STORED,"
        " CHECK (words IS NOT NULL OR id > 0), UNIQUE (words))",
        [(1, "a"), (2, " ".join(f"w{n}" for n in range(200_000))), (3, "b")],
        [2],
    ),
    "an expression of a unique index that fails": (
        "CREATE TABLE t (id int PRIMARY KEY, n int);CREATE UNIQUE INDEX ON t ((10 / n))",
        [(1, 1), (2, 0), (3, 2)],
        [2],
    ),
    "columns named like those of the staging table": (
        "CREATE TABLE t (id int PRIMARY KEY, _line int, _raw text, _chunk int, _cls text,"
        " _part text CHECK (_part <> 'no'), line int, class text)",
        [(1, 1, "a", 1, "i", "p", 1, "c"), (2, 1, "a", 1, "i", "no", 1, "c")],
        [2],
    ),
}


@pytest.mark.parametrize("case", FAULTS)
def test_an_error_of_one_record_rejects_that_record(ledger: Ledger, case: str) -> None:
    table, records, refused = FAULTS[case]
    register(ledger, table)
    job = ledger.load("t", 1, records)
    assert [line for line, _, _ in ledger.rejects(job)] == refused
    kept = [(number,) for number, *_ in records if number not in refused]
    assert ledger.rows("SELECT id FROM t ORDER BY id") == kept


def failure(ledger: Ledger, job: UUID) -> tuple[str, str]:
    ((state, error),) = ledger.rows(
        "SELECT state, error ->> 'detail' FROM waybill.ingestion_jobs WHERE job_id = %s", job
    )
    return state, error


def test_a_table_that_cannot_be_written_fails_the_job_with_the_reason(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY);"
        "CREATE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS"
        " $f$ BEGIN PERFORM nothing_like_this(); RETURN NEW; END $f$;"
        "CREATE TRIGGER broken BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION broken()",
    )
    job = ledger.land("t", 1)
    ledger.stage(job, "t", [(1,)])
    ledger.merge(job)
    state, detail = failure(ledger, job)
    assert state == "FAILED"
    assert "nothing_like_this" in detail


def test_a_thousand_columns_load(ledger: Ledger) -> None:
    names = [f"c{n}" for n in range(1000)]
    columns = ", ".join(f"{name} int CHECK ({name} < 9)" if n < 3 else f"{name} int"
                        for n, name in enumerate(names))  # fmt: skip
    register(ledger, f"CREATE TABLE t (id int PRIMARY KEY, {columns})")
    good = [(n, *range(3), *range(997)) for n in range(3)]
    job = ledger.load("t", 1, [*good, (4, 9, *range(999))])
    assert ledger.waybill(job) == {"read": 4, "inserted": 3, "rejected": 1}
    again = ledger.load("t", 2, good)
    assert ledger.waybill(again) == {"read": 3, "unchanged": 3}


@pytest.mark.parametrize("name", ["_landed", "_waybill_line"])
def test_a_column_that_waybill_uses_itself_is_refused_at_registration(
    ledger: Ledger, name: str
) -> None:
    with pytest.raises(Exception, match=f"{name} of public.t has a name that Waybill uses"):
        register(ledger, f"CREATE TABLE t (id int PRIMARY KEY, {name} text)")


@pytest.mark.parametrize(
    "ranges",
    [[(0, 1), (2, 3)], [(0, 2), (1, 3)], [(1, 3)], [(0, 2)], []],
    ids=["gap", "overlap", "late begin", "early end", "none"],
)
def test_chunks_that_do_not_tile_the_object_are_not_merged(
    ledger: Ledger, ranges: list[tuple[int, int]]
) -> None:
    job = ledger.land("departments", 1)
    ledger.stage(job, "departments", [(1, "Sales")])
    ledger.admin.execute(
        "UPDATE waybill.ingestion_jobs SET size_bytes = 3, chunks_total = %s WHERE job_id = %s",
        (len(ranges), job),
    )
    ledger.admin.execute("DELETE FROM waybill.chunks WHERE job_id = %s", (job,))
    for number, (start, end) in enumerate(ranges):
        ledger.admin.execute(
            "INSERT INTO waybill.chunks VALUES (%s, %s, %s, %s, 1, true, %s, %s, 0)",
            (job, number, start, end, int(number == 0), int(number == 0)),
        )
    ledger.merge(job)
    state, detail = failure(ledger, job)
    assert state == "FAILED"
    assert "chunk ends at byte" in detail
    assert ledger.rows("SELECT count(*) FROM departments") == [(0,)]


UNIQUE = "CREATE TABLE t (id int PRIMARY KEY, mail text NOT NULL UNIQUE, n int)"


def test_unique_values_may_be_exchanged_between_rows_in_one_file(ledger: Ledger) -> None:
    register(ledger, UNIQUE)
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0), (4, "d", 0)])
    job = ledger.load("t", 2, [(1, "b", 1), (2, "a", 1), (3, "d", 1), (4, "e", 1), (5, "c", 1)])
    assert ledger.waybill(job) == {"read": 5, "updated": 4, "inserted": 1}
    assert not ledger.row_by_row(job)
    assert ledger.rows("SELECT id, mail, n FROM t ORDER BY id") == [
        (1, "b", 1), (2, "a", 1), (3, "d", 1), (4, "e", 1), (5, "c", 1),
    ]  # fmt: skip


def test_swapped_rows_are_not_deleted_for_the_tables_that_refer_to_them(ledger: Ledger) -> None:
    register(
        ledger,
        UNIQUE + ";CREATE TABLE children (id int REFERENCES t ON DELETE CASCADE)",
    )
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0)])
    ledger.admin.execute("INSERT INTO children VALUES (1), (2)")
    job = ledger.load("t", 2, [(1, "b", 0), (2, "a", 0)])
    assert ledger.waybill(job) == {"read": 2, "updated": 2}
    assert ledger.rows("SELECT count(*) FROM children") == [(2,)]


def test_a_rejected_record_does_not_free_its_unique_value(ledger: Ledger) -> None:
    register(ledger, UNIQUE)
    ledger.load("t", 1, [(1, "a", 0), (2, "b", 0), (3, "c", 0)])
    # 2 cannot take the value of 3, so it keeps its own, and 1 cannot take that.
    job = ledger.load("t", 2, [(1, "b", 1), (2, "c", 1)])
    assert ledger.waybill(job) == {"read": 2, "rejected": 2}
    assert ledger.rows("SELECT id, mail, n FROM t ORDER BY id") == [
        (1, "a", 0), (2, "b", 0), (3, "c", 0),
    ]  # fmt: skip


def test_a_unique_column_that_the_file_lacks_is_checked_with_its_stored_value(
    ledger: Ledger,
) -> None:
    register(ledger, "CREATE TABLE t (id int PRIMARY KEY, a int, b int DEFAULT 7, UNIQUE (a, b))")
    ledger.load("t", 1, [(1, 1, 7), (2, 2, 8)])
    job = ledger.load("t", 2, [(3, 1), (4, 2), (2, 1)], columns=["id", "a"])
    assert [line for line, _, _ in ledger.rejects(job)] == [1]
    assert ledger.rows("SELECT id, a, b FROM t ORDER BY id") == [(1, 1, 7), (2, 1, 8), (4, 2, 7)]


def test_many_duplicates_of_a_unique_value_are_rejected_as_a_set(ledger: Ledger) -> None:
    register(ledger, UNIQUE)
    job = ledger.load("t", 1, [(n, f"m{n % 10}", 0) for n in range(5000)])
    assert ledger.waybill(job) == {"read": 5000, "inserted": 10, "rejected": 4990}
    assert not ledger.row_by_row(job)


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
    answer = ledger.merge(late)
    assert (answer["outcome"], answer["waiting_for"]) == ("waiting", [str(early)])
    ledger.stage(early, "t", [(1, "early")])
    ledger.merge(early)
    assert ledger.merge(late)["outcome"] == "merged"
    assert ledger.rows("SELECT v FROM t") == [("early",)]
