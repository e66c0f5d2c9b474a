"""Every way a merge may take ends with the same rows and the same numbers."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sql.staging import Ledger

_COLUMNS = "id {key} NOT NULL, what text, at timestamptz NOT NULL, kind integer REFERENCES kinds"
# Each table makes the merge take another way; what it has more is met by every record.
_TABLES: Mapping[str, str] = {
    # All keys new: the staged records are read where they are. New partitions are filled first.
    "t_years": "",
    "t_months": "",
    "t_flat": "",
    "t_texts": "",
    # The database checks records too, so their raw text is kept.
    "t_checked": "ALTER TABLE t_checked ADD CHECK (what <> 'never')",
    # Rows are written with their triggers, into partitions that are attached while empty.
    "t_triggered": """
CREATE FUNCTION t_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t_nothing BEFORE INSERT OR UPDATE ON t_triggered
    FOR EACH ROW EXECUTE FUNCTION t_nothing()""",
    # Foreign keys of others: triggers are not skipped.
    "t_referred": "CREATE TABLE t_children (t integer REFERENCES t_referred (id))",
    # Sets are refused, so that each record is written alone.
    "t_row_by_row": """
CREATE FUNCTION t_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM written) > 1 THEN
        RAISE 'one at a time' USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER t_inserted AFTER INSERT ON t_row_by_row REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION t_one();
CREATE FUNCTION t_one_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A stamp alone changes no value.
    IF (SELECT count(*) FROM (
            SELECT id, what, at, kind FROM written EXCEPT SELECT id, what, at, kind FROM was
        ) AS changed) > 1
    THEN
        RAISE 'one at a time' USING ERRCODE = '23514';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER t_updated AFTER UPDATE ON t_row_by_row
    REFERENCING OLD TABLE AS was NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION t_one_changed()""",
}
_UNITS = {"t_years": "year", "t_months": "month", "t_checked": "year", "t_triggered": "year"}

Record = tuple[int, str | None, str, int | None]


def _key(record: Record) -> int:
    return record[0]


def _declare(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE kinds (id integer PRIMARY KEY); SELECT waybill.register_dataset('kinds')"
    )
    for table, more in _TABLES.items():
        columns = _COLUMNS.format(key="text" if table == "t_texts" else "integer")
        unit = _UNITS.get(table)
        key = "(id, at)" if unit else "(id)"
        ledger.declare(
            f"CREATE TABLE {table} ({columns}, PRIMARY KEY {key})"
            + (" PARTITION BY RANGE (at);" if unit else ";")
            + f"CREATE INDEX ON {table} (kind, at);"
            + f"SELECT waybill.register_dataset('{table}', natural_key => '{{id}}'"
            + (f", partition_unit => '{unit}')" if unit else ")")
            + (f";{more}" if more else "")
        )


@pytest.fixture
def tables(ledger: Ledger) -> Ledger:
    _declare(ledger)
    ledger.load("kinds", 0, [(1,), (2,)])
    return ledger


def _result(ledger: Ledger, table: str, files: list[list[Record]], second: int) -> dict[str, Any]:
    jobs = [
        ledger.load(table, second + place, records)
        for place, records in enumerate(files)
        if records
    ]
    failed = ledger.rows(
        "SELECT error FROM waybill.ingestion_jobs WHERE job_id = ANY (%s) AND state = 'FAILED'",
        jobs,
    )
    assert failed == [], table
    return {
        "rows": ledger.rows(f"SELECT id::int, what, at, kind FROM {table} ORDER BY id::int"),
        "waybills": [ledger.waybill(job) for job in jobs],
        "pending": ledger.rows(
            "SELECT line FROM waybill.pending_references WHERE job_id = ANY (%s) ORDER BY 1", jobs
        ),
        "rejects": [ledger.rejects(job) for job in jobs],
    }


_RECORDS = st.lists(
    st.tuples(
        st.integers(1, 12),
        st.sampled_from(["a", "b", None]),
        st.sampled_from(
            [f"{year}-0{month}-03T10:00:00Z" for year in (2020, 2021) for month in (1, 7)]
        ),
        st.sampled_from([1, 2, None, 9]),
    ),
    max_size=8,
)

# One record of each key, in their order.
_ASCENDING = _RECORDS.map(lambda records: sorted({r[0]: r for r in records}.values(), key=_key))


@settings(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(files=st.lists(_RECORDS | _ASCENDING, min_size=1, max_size=3))
def test_every_path_has_the_same_result(tables: Ledger, files: list[list[Record]]) -> None:
    results = {}
    # With what loaders say of the records, and without.
    for table, tables.sums_up in product(_TABLES, (False, True)):
        tables.declare(f"DELETE FROM {table}")
        ((last,),) = tables.rows(
            "SELECT coalesce(extract(epoch FROM max(landed_at) - '2026-01-01Z'), 0)::int"
            " FROM waybill.ingestion_jobs"
        )
        results[table, tables.sums_up] = _result(tables, table, files, last + 1)
    expected = results.pop(("t_years", False))
    for path, result in results.items():
        assert result == expected, path


def test_each_table_takes_its_own_path(tables: Ledger) -> None:
    records: list[Record] = [
        (number, "a", f"{2019 + number % 4}-05-01T00:00:00Z", 1) for number in range(1, 6)
    ]
    row_by_row = {table: tables.row_by_row(tables.load(table, 1, records)) for table in _TABLES}
    assert row_by_row == {table: table == "t_row_by_row" for table in _TABLES}
    partitions = dict(
        tables.rows(
            "SELECT inhparent::regclass::text, count(*) FROM pg_inherits"
            " WHERE inhparent = ANY (%s::regclass[]) GROUP BY 1",
            list(_UNITS),
        )
    )
    assert {table: partitions.get(table) for table in _UNITS} == dict.fromkeys(_UNITS, 4)


def test_a_default_is_computed_once(ledger: Ledger) -> None:
    ledger.declare(
        "CREATE TABLE t (id integer NOT NULL, at timestamptz NOT NULL"
        "     DEFAULT timestamptz '2001-01-01Z' + random() * interval '20 years',"
        "     PRIMARY KEY (id, at))"
        " PARTITION BY RANGE (at);"
        "SELECT waybill.register_dataset('t', natural_key => '{id}', partition_unit => 'month')"
    )
    job = ledger.load("t", 1, [(number,) for number in range(30)], columns=["id"])
    assert ledger.waybill(job) == {"read": 30, "inserted": 30}
    assert not ledger.row_by_row(job)
    assert ledger.rows("SELECT count(*), count(DISTINCT id) FROM t") == [(30, 30)]
