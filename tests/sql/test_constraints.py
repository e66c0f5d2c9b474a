"""A violated constraint rejects the records concerned and never fails the file."""

from typing import Any

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

CASES: dict[str, tuple[str, list[tuple[Any, ...]], list[int]]] = {
    "second unique key": (
        "CREATE TABLE t (id int PRIMARY KEY, mail text UNIQUE)",
        [(1, "a"), (2, "b"), (3, "a"), (4, None), (5, None)],
        [3],
    ),
    "unique expression": (
        "CREATE TABLE t (id int PRIMARY KEY, mail text);CREATE UNIQUE INDEX ON t (lower(mail))",
        [(1, "a"), (2, "A"), (3, "b")],
        [2],
    ),
    "partial unique": (
        "CREATE TABLE t (id int PRIMARY KEY, live boolean);"
        "CREATE UNIQUE INDEX ON t (live) WHERE live",
        [(1, "t"), (2, "t"), (3, "f"), (4, "f")],
        [2],
    ),
    "exclusion": (
        "CREATE TABLE t (id int PRIMARY KEY, during int4range,"
        " EXCLUDE USING gist (during WITH &&))",
        [(1, "[1,5)"), (2, "[5,9)"), (3, "[4,6)"), (4, "nonsense")],
        [3, 4],
    ),
    "deferrable unique": (
        "CREATE TABLE t (id int PRIMARY KEY, n int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        [(1, 1), (2, 1), (3, 2)],
        [2],
    ),
    "domain": (
        "CREATE DOMAIN zip AS text CHECK (VALUE ~ '^[0-9]{4}$');"
        "CREATE TABLE t (id int PRIMARY KEY, code zip)",
        [(1, "8000"), (2, "80000"), (3, None)],
        [2],
    ),
    "enum and array": (
        "CREATE TYPE mood AS ENUM ('good', 'bad');"
        "CREATE TABLE t (id int PRIMARY KEY, mood mood, tags int[])",
        [(1, "good", "{1,2}"), (2, "ugly", "{}"), (3, "bad", "{x}")],
        [2, 3],
    ),
    "check over a generated column": (
        "CREATE TABLE t (id int PRIMARY KEY, n int, twice int GENERATED ALWAYS AS (n * 2) STORED,"
        " CHECK (twice < 10))",
        [(1, 2), (2, 5), (3, None)],
        [2],
    ),
    "check that fails itself": (
        "CREATE TABLE t (id int PRIMARY KEY, n int CHECK (10 / n > 0))",
        [(1, 2), (2, 0), (3, 20)],
        [2, 3],
    ),
    "virtual column that cannot be computed": (
        "CREATE TABLE t (id int PRIMARY KEY, n int, r int GENERATED ALWAYS AS (10 / n) VIRTUAL)",
        [(1, 2), (2, 0), (3, 20), (4, None)],
        [2],
    ),
    "virtual column of a new partition": (
        "CREATE TABLE t (id int, n date, r int GENERATED ALWAYS AS"
        " (10 / (extract(day FROM n)::int - 1)) VIRTUAL, PRIMARY KEY (id, n))"
        " PARTITION BY RANGE (n)",
        [(1, "2020-01-02"), (2, "2021-01-01"), (3, "2022-05-05")],
        [2],
    ),
    "stored column that cannot be computed": (
        "CREATE TABLE p (id int PRIMARY KEY);INSERT INTO p VALUES (1), (5);"
        "CREATE TABLE t (id int PRIMARY KEY, n int,"
        " r int GENERATED ALWAYS AS (10 / n) STORED REFERENCES p)",
        [(1, 2), (2, 0), (3, 10)],
        [2],
    ),
    "index that cannot be computed": (
        "CREATE TABLE t (id int PRIMARY KEY, n int);CREATE INDEX ON t ((10 / n))",
        [(1, 2), (2, 0), (3, 10)],
        [2],
    ),
    "trigger that raises": (
        "CREATE TABLE t (id int PRIMARY KEY, n int);"
        "CREATE FUNCTION no_seven() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
        " IF NEW.n = 7 THEN RAISE EXCEPTION 'seven is not liked'; END IF; RETURN NEW; END $f$;"
        "CREATE TRIGGER no_seven BEFORE INSERT OR UPDATE ON t FOR EACH ROW"
        " EXECUTE FUNCTION no_seven()",
        [(1, 6), (2, 7), (3, 8)],
        [2],
    ),
    "partition that is not there": (
        "CREATE TABLE t (id int, area text, PRIMARY KEY (id, area)) PARTITION BY LIST (area);"
        "CREATE TABLE t_n PARTITION OF t FOR VALUES IN ('n')",
        [(1, "n"), (2, "s"), (3, "n")],
        [2],
    ),
    "number too large for its column's domain": (
        "CREATE DOMAIN small AS int CHECK (VALUE < 10);"
        "CREATE TABLE t (id int PRIMARY KEY, n small NOT NULL DEFAULT 1)",
        [(1, "9"), (2, "10"), (3, "11")],
        [2, 3],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_violating_record_is_rejected_alone(ledger: Ledger, case: str) -> None:
    table, records, refused = CASES[case]
    register(ledger, table)
    job = ledger.load("t", 1, records)
    assert [line for line, _, _ in ledger.rejects(job)] == refused
    kept = [(number,) for number, *_ in records if number not in refused]
    assert ledger.rows("SELECT id FROM t ORDER BY id") == kept
    # The raw text is what was sent, and the reasons say something.
    for line, raw, codes in ledger.rejects(job):
        sent = ",".join("" if cell is None else str(cell) for cell in records[line - 1])
        assert (raw, bool(codes)) == (sent, True)


@pytest.mark.parametrize("case", CASES)
def test_loading_the_same_records_again_changes_nothing(ledger: Ledger, case: str) -> None:
    table, records, refused = CASES[case]
    register(ledger, table)
    ledger.load("t", 1, records)
    before = ledger.rows("SELECT * FROM t ORDER BY id")
    job = ledger.load("t", 2, records)
    numbers = ledger.waybill(job)
    assert numbers["unchanged"] == len(records) - len(refused)
    assert numbers["rejected"] == len(refused)
    assert ledger.rows("SELECT * FROM t ORDER BY id") == before


def test_a_virtual_column_is_computed_of_what_a_trigger_writes(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, n int, r int GENERATED ALWAYS AS (10 / n) VIRTUAL);"
        "CREATE FUNCTION minus() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN"
        " NEW.n := NEW.n - 1; RETURN NEW; END $f$;"
        "CREATE TRIGGER minus BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION minus()",
    )
    ledger.load("t", 1, [(1, 3), (2, 1), (3, 20)])
    assert ledger.rows("SELECT id, r FROM t ORDER BY id") == [(1, 5), (3, 0)]
    job = ledger.load("t", 2, [(1, 1), (3, 6)])
    assert ledger.waybill(job) == {"read": 2, "updated": 1, "rejected": 1}
    assert ledger.rows("SELECT id, r FROM t ORDER BY id") == [(1, 5), (3, 2)]


def test_many_records_whose_column_cannot_be_computed_are_rejected(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, n int, m int DEFAULT 4,"
        " r int GENERATED ALWAYS AS (10 / (n - m)) STORED)",
    )
    job = ledger.load("t", 1, [(n, n % 50) for n in range(3000)], columns=["id", "n"])
    assert ledger.waybill(job) == {"read": 3000, "inserted": 2940, "rejected": 60}
    reasons = ledger.rows("SELECT DISTINCT errors -> 0 ->> 'column' FROM waybill.validation_errors")
    assert reasons == [("r",)]


def test_identity_and_default_are_filled_by_the_table(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (code text PRIMARY KEY, n int GENERATED BY DEFAULT AS IDENTITY,"
        " always int GENERATED ALWAYS AS IDENTITY, made timestamptz NOT NULL DEFAULT now())",
    )
    ledger.load("t", 1, [("a",), ("b",)], columns=["code"])
    assert ledger.rows("SELECT code, n, always, made IS NULL FROM t ORDER BY 1") == [
        ("a", 1, 1, False),
        ("b", 2, 2, False),
    ]


def test_a_trigger_that_swallows_rows_fails_the_file_clearly(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY);"
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS"
        " $f$ BEGIN IF NEW.id = 2 THEN RETURN NULL; END IF; RETURN NEW; END $f$;"
        "CREATE TRIGGER swallow BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION swallow()",
    )
    job = ledger.land("t", 1)
    ledger.stage(job, "t", [(1,), (2,), (3,)])
    with pytest.raises(Exception, match="3 records were to be inserted, 2 were"):
        ledger.merge(job)
    assert ledger.rows("SELECT count(*) FROM t") == [(0,)]


@pytest.mark.parametrize(
    ("table", "options", "why"),
    [
        ("CREATE TABLE t (id int, n int)", ", natural_key => '{id}'", "NOT NULL"),
        ("CREATE TABLE t (id int NOT NULL)", ", natural_key => '{id}'", "no index leads with"),
        ("CREATE TABLE t (id int)", ', aliases => \'{"x": "nope"}\'', "there is no column nope"),
        (
            "CREATE TABLE t (id int, v int)",
            ', aliases => \'{"V": "id"}\'',
            "v is the name of another column",
        ),
        ("CREATE TABLE t (id int)", ", partition_range => 'empty'", "the range is empty"),
        ("CREATE TABLE u (id int)", "", "There is no table t"),
    ],
)
def test_unsupported_tables_are_refused_at_registration(
    ledger: Ledger, table: str, options: str, why: str
) -> None:
    with pytest.raises(Exception, match=why):
        register(ledger, table, options)


def test_a_table_of_another_owner_is_refused(ledger: Ledger) -> None:
    ledger.admin.execute("CREATE TABLE mine (id int PRIMARY KEY)")
    with pytest.raises(Exception, match="mine belongs to waybill_admin"):
        ledger.admin.execute("SELECT waybill.register_dataset('mine')")


def test_rejects_of_the_table_are_written_as_its_files_are(ledger: Ledger) -> None:
    register(
        ledger,
        "CREATE TABLE t (id int PRIMARY KEY, n numeric(9,3) CHECK (n < 1000), d date, ok boolean,"
        " at timestamptz)",
        """, formats => '{"n": {"decimal": ",", "thousands": "."}, "d": {"date": "DD/MM/YYYY"},
            "ok": {"true_words": ["ja"], "false_words": ["nein"]},
            "at": {"date": "DD.MM.YYYY HH24:MI", "zone": "Europe/Zurich"}}'""",
    )
    job = ledger.load("t", 1, [(3, "1000.125", "2004-08-15", "t", "2021-07-01 10:00+00")])
    ((values,),) = ledger.rows(
        "SELECT values FROM waybill.validation_errors WHERE job_id = %s", job
    )
    assert values == {
        "id": "3", "n": "1000,125", "d": "15/08/2004", "ok": "ja", "at": "01.07.2021 12:00",
    }  # fmt: skip


def test_an_existing_table_can_be_registered_as_it_is(ledger: Ledger) -> None:
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute("CREATE TABLE stock (code text PRIMARY KEY, n int)")
    ledger.admin.execute("INSERT INTO stock VALUES ('old', 1)")
    ledger.admin.execute("SELECT waybill.register_dataset('inventory', 'public.stock')")
    ledger.admin.execute("RESET ROLE")
    job = ledger.load("inventory", 1, [("old", 2), ("new", 3)])
    assert ledger.waybill(job) == {"read": 2, "updated": 1, "inserted": 1}
