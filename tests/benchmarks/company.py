"""A throwaway server with a migrated database and a company of any size in it."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from infra.local.bootstrap import DATABASE, ROLES, bootstrap, set_passwords
from infra.local.postgres import HOST, SUPERUSER, Postgres
from tests.postgres.databases import PASSWORD, Connection, Database
from tests.sql.analytics.seed import add_year, mark, owner
from waybill.database.migrations import migrate
from waybill.database.queries import sql_folder

YEARS = range(2018, 2026)
DEPARTMENTS, JOBS = 12, 183


@contextmanager
def company(rows: int) -> Iterator[Database]:
    """`rows` hires spread evenly over eight years, every view stale; fsync is on."""
    with migrated_server() as database:
        with owner(database) as connection:
            fill(connection, rows)
        yield database


@contextmanager
def migrated_server(connections: int = 100) -> Iterator[Database]:
    """The migrated database of a server of its own; fsync is on."""
    with migrated_cluster(connections) as (database, _):
        yield database


@contextmanager
def migrated_cluster(connections: int = 100) -> Iterator[tuple[Database, Postgres]]:
    """The same with the server."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-benchmark-"))
    folder.chmod(0o755)
    postgres = Postgres(folder)
    try:
        database = Database(postgres.start(), DATABASE)
        given = f"postgresql://{SUPERUSER}:{postgres.superuser_password}@{HOST}:{database.port}"
        with psycopg.connect(f"{given}/postgres", autocommit=True) as superuser:
            bootstrap(superuser, PASSWORD)
            superuser.execute(f"ALTER SYSTEM SET max_connections = {connections}".encode())
        postgres.stop()
        database = Database(postgres.start(), DATABASE)
        with database.connect() as connection:
            migrate(connection, sql_folder())
            set_passwords(connection, dict.fromkeys(ROLES, PASSWORD))
        yield database, postgres
    finally:
        postgres.erase()
        shutil.rmtree(folder, ignore_errors=True)


def fill(connection: Connection, rows: int) -> None:
    """Departments, jobs and hires; one hire in a hundred lacks its department."""
    for year in YEARS:
        add_year(connection, year)
    for table, count in (("departments", DEPARTMENTS), ("jobs", JOBS)):
        insert = sql.SQL("INSERT INTO {} SELECT g, {} || g FROM generate_series(1, {}) AS g")
        connection.execute(insert.format(sql.Identifier(table), f"{table} ", count))
    add_hires(connection, rows)
    mark(connection, *map(str, YEARS))


def add_hires(connection: Connection, rows: int) -> None:
    """Hires whose departments, jobs and partitions are there."""
    # What is measured is reading: the references hold by construction.
    connection.execute("SET session_replication_role TO replica")
    connection.execute(
        b"INSERT INTO hired_employees (id, name, hire_dt, department_id, job_id)"
        b" SELECT g, 'Name ' || g %% 400, timestamptz '2018-01-01 00:00+00'"
        b"     + (g::bigint * 7919 %% 2922) * interval '1 day' + g * 37 %% 86400 * interval '1 s',"
        b"     CASE WHEN g %% 100 > 0 THEN 1 + g %% %s END, 1 + g / %s %% %s"
        b" FROM generate_series(1, %s) AS g",
        (DEPARTMENTS, DEPARTMENTS, JOBS, rows),
    )
    connection.execute("SET session_replication_role TO origin")
    connection.execute("ANALYZE hired_employees")
