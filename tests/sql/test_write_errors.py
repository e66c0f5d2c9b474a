"""Errors of a record reject that record; errors of the table or the plan fail the job."""

from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from tests.sql.staging import Ledger
from tests.sql.unseen_tables import register

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
