"""Indexes of searchable columns: built concurrently, rebuilt if invalid, dropped if not needed."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.postgres.databases import Connection, Database
from tests.sql.analytics.seed import owner
from waybill.database.end_state import check_end_state
from waybill.database.long_scripts import Deadline, MigrationRunningError
from waybill.database.lookups import Lookups
from waybill.database.scripts import Script
from waybill.database.search_indexes import build_search_indexes

PLAIN = """
CREATE TABLE berths (harbour text, berth integer, kind text, "Längste Mole, m" text,
    PRIMARY KEY (harbour, berth));
SELECT waybill.register_dataset('berths', searchable => '{kind,"Längste Mole, m"}');
"""
PARTITIONED = """
CREATE TABLE calls (id integer, ship text, at timestamptz, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
CREATE TABLE calls_2025 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE calls_2026 PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
SELECT waybill.register_dataset('calls', natural_key => '{id}', searchable => '{ship}');
"""


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        yield connection


def declare(database: Database, script: str) -> None:
    with owner(database) as connection:
        connection.execute(script.encode())


def indexes(connection: Connection, table: str) -> list[Any]:
    return connection.execute(
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index"
        " WHERE indrelid = %s::regclass AND indexrelid::regclass::text ~ '_waybill_search'"
        " ORDER BY 1",
        (table,),
    ).fetchall()


def test_missing_indexes_are_built_once(database: Database, admin: Connection) -> None:
    declare(database, PLAIN)
    built = build_search_indexes(admin)
    assert len(built) == 2
    assert all(statement.startswith("CREATE INDEX CONCURRENTLY") for statement in built)
    assert [valid for _, valid in indexes(admin, "berths")] == [True, True]
    assert "(kind, harbour, berth)" in str(indexes(admin, "berths"))
    assert build_search_indexes(admin) == []


def test_a_page_of_rows_uses_the_index(database: Database, admin: Connection) -> None:
    declare(database, PLAIN)
    build_search_indexes(admin)
    with owner(database) as connection:
        connection.execute(
            "INSERT INTO berths SELECT 'h' || i, i, 'k' || i % 4, '' FROM"
            " generate_series(1, 20000) AS i"
        )
        connection.execute("ANALYZE berths")
        plan = connection.execute(
            "EXPLAIN SELECT * FROM berths WHERE kind = 'k3' ORDER BY harbour, berth LIMIT 50"
        ).fetchall()
    assert "_waybill_search_" in str(plan)
    assert "Sort" not in str(plan)
    with database.connect("waybill_lookups") as connection:
        rows = Lookups(connection).find_rows(
            "berths", {"kind": "k3"}, after=None, limit=50, max_bytes=10_000, masked=False
        )
    assert len(rows) == 50


def test_an_index_that_the_file_declares_is_enough(database: Database, admin: Connection) -> None:
    declare(database, PLAIN.replace('{kind,"Längste Mole, m"}', "{harbour}"))
    assert build_search_indexes(admin) == []


def test_a_partial_index_is_not_enough(database: Database, admin: Connection) -> None:
    partial = "CREATE INDEX ON berths (kind) WHERE berth > 1; SELECT"
    declare(database, PLAIN.replace("SELECT", partial))
    assert len(build_search_indexes(admin)) == 2


def test_an_invalid_index_is_built_again(database: Database, admin: Connection) -> None:
    declare(database, PLAIN)
    with database.connect() as blocker:
        blocker.execute("SET ROLE waybill_owner")
        with blocker.transaction():
            blocker.execute("LOCK TABLE berths IN ROW EXCLUSIVE MODE")
            admin.execute("SET ROLE waybill_owner")
            admin.execute("SET lock_timeout TO '100ms'")
            step = admin.execute("SELECT statement FROM waybill.due_search_indexes()").fetchone()
            with pytest.raises(psycopg.errors.LockNotAvailable):
                admin.execute(str(step and step[0]).encode())
            admin.execute("RESET ROLE")
    assert [valid for _, valid in indexes(admin, "berths")] == [False]
    built = build_search_indexes(admin)
    assert [statement.split(" ")[0] for statement in built] == ["CREATE", "DROP", "CREATE"] or [
        statement.split(" ")[0] for statement in built
    ] == ["DROP", "CREATE", "CREATE"]
    assert [valid for _, valid in indexes(admin, "berths")] == [True, True]


def test_an_index_that_cannot_be_built_stops_neither_the_others_nor_the_deployment(
    database: Database, admin: Connection
) -> None:
    declare(database, PLAIN)
    declare(
        database,
        "INSERT INTO berths SELECT 'h', 1, string_agg(md5(i::text), ''), 'short'"
        " FROM generate_series(1, 1000) AS i",
    )
    (built,) = build_search_indexes(admin)
    assert "Mole" in built
    declare(database, "DELETE FROM berths")
    assert len(build_search_indexes(admin)) == 2
    assert [valid for _, valid in indexes(admin, "berths")] == [True, True]


def test_an_index_is_dropped_with_its_column(database: Database, admin: Connection) -> None:
    declare(database, PLAIN)
    build_search_indexes(admin)
    declare(database, "SELECT waybill.register_dataset('berths', searchable => '{kind}')")
    (dropped,) = build_search_indexes(admin)
    assert dropped.startswith("DROP INDEX CONCURRENTLY")
    assert len(indexes(admin, "berths")) == 1


def test_partitions_are_indexed_one_by_one(database: Database, admin: Connection) -> None:
    declare(database, PARTITIONED)
    built = build_search_indexes(admin)
    assert [
        statement.split(" _waybill")[0] for statement in built if "ATTACH" not in statement
    ] == [
        "CREATE INDEX",
        "CREATE INDEX CONCURRENTLY",
        "CREATE INDEX CONCURRENTLY",
    ]
    assert [valid for _, valid in indexes(admin, "calls")] == [True]
    declare(
        database,
        "CREATE TABLE calls_2027 PARTITION OF calls"
        " FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    )
    assert build_search_indexes(admin) == []


def test_the_declared_state_does_not_have_them(database: Database, admin: Connection) -> None:
    declare(database, PLAIN)
    build_search_indexes(admin)
    with admin.transaction():
        check_end_state(admin, Script("datasets/berths.sql", PLAIN.encode(), ""), "berths")


def test_an_index_is_built_on_when_the_function_ends(database: Database, admin: Connection) -> None:
    declare(database, PLAIN)
    over = Deadline(0)
    with admin.transaction():
        # The build waits for every older transaction that writes the table.
        admin.execute("SET LOCAL ROLE waybill_owner; LOCK TABLE berths IN ROW EXCLUSIVE MODE")
        for _ in range(2):
            with database.connect() as function, pytest.raises(MigrationRunningError):
                build_search_indexes(function, over)
    with database.connect() as function:
        rest = build_search_indexes(function)
    assert [statement.split()[0] for statement in rest] == ["CREATE"], "the other column's"
    assert [valid for _, valid in indexes(admin, "berths")] == [True, True]
