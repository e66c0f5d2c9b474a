"""Batches that are written directly end as those that go through the merge's tables."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.sql.api_calls import batch
from tests.sql.staging import Ledger

_COLUMNS = "what text, at timestamptz NOT NULL, kind integer REFERENCES kinds"
_DIRECT = {
    "t_years": f"id integer NOT NULL, {_COLUMNS}, PRIMARY KEY (id, at)",
    "t_flat": f"id integer PRIMARY KEY, {_COLUMNS}",
    "t_numbers": f"id numeric(9, 2) PRIMARY KEY, {_COLUMNS}",
}
# The table may refuse records, so all of them go through the merge's tables.
_CHECKED = {f"{table}_checked": columns for table, columns in _DIRECT.items()}

Row = dict[str, str | None]


@pytest.fixture
def tables(ledger: Ledger) -> Ledger:
    ledger.declare(
        "CREATE TABLE kinds (id integer PRIMARY KEY); SELECT waybill.register_dataset('kinds')"
    )
    for table, columns in (_DIRECT | _CHECKED).items():
        is_partitioned = table.startswith("t_years")
        ledger.declare(
            f"CREATE TABLE {table} ({columns})"
            + (" PARTITION BY RANGE (at);" if is_partitioned else ";")
            + f"CREATE INDEX ON {table} (kind, at);"
            + (f"ALTER TABLE {table} ADD CHECK (id > 0);" if table in _CHECKED else "")
            + f"SELECT waybill.register_dataset('{table}', natural_key => '{{id}}'"
            + (", partition_unit => 'year')" if is_partitioned else ")")
        )
    ledger.load("kinds", 0, [(1,), (2,)])
    return ledger


def _result(ledger: Ledger, table: str, batches: list[list[Row]]) -> dict[str, Any]:
    generation = _generation(ledger, table)
    # On one connection, as those of a function: it keeps plans.
    responses = [batch(ledger, table, rows, "partial", ledger.api) for rows in batches]
    jobs = [job for job, _ in responses]
    return {
        "rows": ledger.rows(f"SELECT id::int, what, at, kind FROM {table} ORDER BY id"),
        "stamps": ledger.rows(
            f"SELECT t.id::int, array_position(%s::uuid[], j.job_id) FROM {table} AS t"
            " JOIN waybill.ingestion_jobs AS j ON j.landing_order = t._landed AND j.dataset = %s"
            " ORDER BY 1",
            jobs,
            table,
        ),
        "waybills": [ledger.waybill(job) for job in jobs],
        "responses": [(response["state"], response["errors"]) for _, response in responses],
        "stale": ledger.rows(
            "SELECT array_position(%s::uuid[], job_id), part FROM waybill.stale_parts"
            " WHERE job_id = ANY (%s) ORDER BY 1, 2",
            jobs,
            jobs,
        ),
        "changes": _generation(ledger, table) - generation,
    }


def _generation(ledger: Ledger, table: str) -> int:
    found = ledger.rows(
        "SELECT coalesce(max(generation), 0) FROM waybill.data_generations WHERE dataset = %s",
        table,
    )
    return int(found[0][0])


def _row(number: int, what: str | None, at: str, kind: str | None, fields: int) -> Row:
    row: Row = {"id": str(number), "at": at, "what": what, "kind": kind}
    return {name: row[name] for name in list(row)[:fields]}


_ROWS = st.lists(
    st.builds(
        _row,
        st.integers(1, 9),
        st.sampled_from(["a", "b", None]),
        st.sampled_from([f"{year}-05-03T10:00:00Z" for year in (2020, 2021, 2022)]),
        st.sampled_from(["1", "2", None, "9"]),
        st.sampled_from([4, 4, 4, 3, 2]),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=st.lists(_ROWS, min_size=1, max_size=4))
def test_both_paths_have_the_same_result(tables: Ledger, batches: list[list[Row]]) -> None:
    for table in _DIRECT | _CHECKED:
        tables.declare(
            f"DELETE FROM {table};DELETE FROM waybill.ingestion_jobs WHERE dataset = '{table}'"
        )
    for table in _DIRECT:
        direct = _result(tables, table, batches)
        assert direct == _result(tables, f"{table}_checked", batches), table


def _temporary_tables(ledger: Ledger, table: str, rows: list[Row]) -> bool:
    """Whether a batch of the rows makes temporary tables; it is undone."""
    with ledger.database.connect(autocommit=False) as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(
            "SELECT waybill.merge_batch(gen_random_uuid(), %s, %s, 'partial')",
            (table, _as_json(rows)),
        )
        found = connection.execute("SELECT to_regclass('pg_temp.merge_records')").fetchone()
        connection.rollback()
    return found != (None,)


def _as_json(rows: list[Row]) -> str:
    return json.dumps([[number, row, None] for number, row in enumerate(rows)])


def test_the_usual_batch_makes_no_temporary_table(tables: Ledger) -> None:
    rows = [_row(number, "a", "2020-01-01T00:00:00Z", "1", 4) for number in range(1, 4)]
    batch(tables, "t_years", rows[:1])
    assert not _temporary_tables(tables, "t_years", rows)
    assert _temporary_tables(tables, "t_years_checked", rows)
    # A key twice, a missing partition, a missing parent.
    assert _temporary_tables(tables, "t_years", [rows[0], rows[0]])
    assert _temporary_tables(tables, "t_years", [rows[0] | {"at": "1999-01-01T00:00:00Z"}])
    assert _temporary_tables(tables, "t_years", [rows[0] | {"kind": "9"}])
