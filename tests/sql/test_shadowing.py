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

# A function of the same name and arguments for each of PostgreSQL's, and its operators. Those of
# pseudo-types cannot be created.
_FUNCTIONS = """
DO $$
DECLARE
    v_routine record;
BEGIN
    FOR v_routine IN
        SELECT p.proname, p.prorettype, oidvectortypes(p.proargtypes) AS arguments
        FROM pg_catalog.pg_proc AS p
        WHERE p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.prokind = 'f'
            AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_type AS t
                WHERE t.oid = ANY (p.proargtypes::pg_catalog.oid[] || p.prorettype)
                    AND t.typtype = 'p')
    LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION pg_temp.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L',
            v_routine.proname, v_routine.arguments,
            pg_catalog.format_type(v_routine.prorettype, NULL),
            'BEGIN RAISE EXCEPTION ''ran as %'', current_user; END');
    END LOOP;
    FOR v_routine IN
        SELECT o.oprname, o.oprcode, f.proname,
            nullif(o.oprleft, 0)::pg_catalog.regtype AS lefts,
            o.oprright::pg_catalog.regtype AS rights
        FROM pg_catalog.pg_operator AS o
        JOIN pg_catalog.pg_proc AS f ON f.oid = o.oprcode
        WHERE o.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace
            AND pg_catalog.to_regprocedure(pg_catalog.format('pg_temp.%I(%s)', f.proname,
                pg_catalog.oidvectortypes(f.proargtypes))) IS NOT NULL
    LOOP
        EXECUTE pg_catalog.format('CREATE OPERATOR pg_temp.%s (%s RIGHTARG = %s, FUNCTION = %s)',
            v_routine.oprname,
            coalesce('LEFTARG = ' || v_routine.lefts::pg_catalog.text || ',', ''),
            v_routine.rights::pg_catalog.text,
            pg_catalog.format('pg_temp.%I', v_routine.proname));
    END LOOP;
END
$$"""


def test_search_path_of_every_routine_ends_with_pg_temp(database: Database) -> None:
    with database.connect() as connection:
        # A routine without a SET clause is parsed when it is created, as the owner. An aggregate
        # has no body of its own.
        loose = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'waybill'::regnamespace"
            " AND proname <> 'register_dataset' AND prosqlbody IS NULL"
            " AND prokind <> 'a'"
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
    """Callers have a trap for every type, relation, function and operator of PostgreSQL."""
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
    connection.execute(_FUNCTIONS)
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


def test_the_traps_work_outside_of_the_routines(traps: Ledger) -> None:
    with pytest.raises(errors.RaiseException, match="ran as pipeline"):
        traps.loader.execute("SELECT 'x'::text")
    with pytest.raises(errors.RaiseException, match="ran as pipeline"):
        traps.loader.execute("SELECT pg_temp.sha256('x'::pg_catalog.bytea)")
    with pytest.raises(errors.RaiseException, match="ran as pipeline"):
        traps.loader.execute("SELECT 1::pg_catalog.int4 OPERATOR(pg_temp.+) 1::pg_catalog.int4")


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
