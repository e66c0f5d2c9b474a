"""A caller's temporary objects never run inside a routine of the owner."""

import json

import pytest
from psycopg import errors, sql

from tests.postgres.databases import Connection, Database
from tests.sql.staging import Ledger
from waybill.database.migrations import migrate
from waybill.ids import new_id

_TRAP = """
CREATE FUNCTION pg_temp.trap() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ran as %', current_user;
END
$$"""


def test_search_path_of_every_routine_ends_with_pg_temp(database: Database) -> None:
    with database.connect() as connection:
        # A routine without a SET clause is parsed when it is created, as the owner.
        loose = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'waybill'::regnamespace"
            " AND proname <> 'register_dataset' AND prosqlbody IS NULL"
            " AND coalesce(array_to_string(proconfig, ';'), '')"
            " !~ 'search_path=[^;]*, pg_temp(;|$)'"
        ).fetchall()
        set_without = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'waybill'::regnamespace"
            " AND array_to_string(proconfig, ';') ~ 'search_path='"
            " AND array_to_string(proconfig, ';') !~ 'search_path=[^;]*, pg_temp(;|$)'"
        ).fetchall()
    assert loose == []
    assert set_without == []


def test_only_the_owner_may_create_temporary_objects(empty_database: Database) -> None:
    with empty_database.connect() as admin:
        migrate(admin)
        allowed = admin.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'waybill\\_%'"
            " AND has_database_privilege(oid, current_database(), 'TEMPORARY')"
            " AND NOT pg_has_role(oid, (SELECT datdba FROM pg_database"
            " WHERE datname = current_database()), 'USAGE')"
        ).fetchall()
    assert allowed == [("waybill_owner",)]


@pytest.fixture
def traps(ledger: Ledger) -> Ledger:
    """The loader has a domain for every type, a table for every relation, and an operator."""
    grant = sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC")
    ledger.admin.execute(grant.format(sql.Identifier(ledger.database.name)))
    types = ledger.rows(
        "SELECT typname FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace"
        " AND typtype = 'b' AND typelem = 0 AND typisdefined AND typname NOT LIKE 'pg\\_%%'"
        " AND typname NOT IN ('unknown', 'cstring')"
    )
    relations = ledger.rows(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v')"
        " AND relnamespace IN ('waybill'::regnamespace, 'pg_catalog'::regnamespace)"
    )
    for connection in (ledger.loader, ledger.api):
        set_traps(connection, [name for (name,) in types], [name for (name,) in relations])
    return ledger


def set_traps(connection: Connection, types: list[str], relations: list[str]) -> None:
    connection.execute(_TRAP)
    for name in types:
        connection.execute(
            sql.SQL("CREATE DOMAIN pg_temp.{0} AS pg_catalog.{0} CHECK (pg_temp.trap())").format(
                sql.Identifier(name)
            )
        )
    taken = set(types)
    for name in relations:
        if name not in taken:
            connection.execute(
                sql.SQL("CREATE VIEW pg_temp.{} AS SELECT pg_temp.trap() AS trapped").format(
                    sql.Identifier(name)
                )
            )
    for argument in ("text", "jsonb", "int8", "uuid"):
        connection.execute(
            sql.SQL(
                "CREATE FUNCTION pg_temp.equal(pg_catalog.{0}, pg_catalog.{0})"
                " RETURNS pg_catalog.bool LANGUAGE sql AS 'SELECT pg_temp.trap()';"
                "CREATE OPERATOR pg_temp.= (LEFTARG = pg_catalog.{0}, RIGHTARG = pg_catalog.{0},"
                " FUNCTION = pg_temp.equal)"
            ).format(sql.Identifier(argument))
        )
    connection.execute(
        "CREATE FUNCTION pg_temp.format(pg_catalog.text, VARIADIC pg_catalog.text[])"
        " RETURNS pg_catalog.text LANGUAGE sql AS 'SELECT pg_temp.trap()::pg_catalog.text'"
    )


def test_the_traps_work_outside_of_the_routines(traps: Ledger) -> None:
    with pytest.raises(errors.RaiseException, match="ran as pipeline"):
        traps.loader.execute("SELECT 'x'::text")


def test_files_and_batches_are_loaded_past_shadowing_names(traps: Ledger) -> None:
    traps.loader.execute("SET search_path = pg_catalog, pg_temp")
    traps.api.execute("SET search_path = pg_catalog, pg_temp")
    job = traps.load("departments", 1, [(1, "Sales")])
    traps.load("hired_employees", 2, [(1, "Ada", "2021-01-01T00:00:00Z", 1, None)])
    rows = json.dumps([[0, {"id": "2", "department": "Help"}, "{}"]])
    traps.api.execute(
        "SELECT waybill.merge_batch(%s, 'departments', %s, 'atomic', '[]')", (new_id(), rows)
    )
    traps.api.execute("SELECT document FROM waybill.job_documents WHERE job_id = %s", (job,))
    traps.loader.execute("SELECT * FROM waybill.stalled_jobs(0)")
    traps.loader.execute("SELECT waybill.drop_orphan_stages()")
    assert traps.rows("SELECT id FROM departments ORDER BY id") == [(1,), (2,)]
