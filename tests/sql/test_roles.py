"""Each role has the privileges it needs, and owns nothing."""

import pytest
from psycopg import errors

from infra.functions import DATABASE_ROLES
from tests.postgres.databases import Database
from waybill.database.scripts import OWNER

LOGINS = list(DATABASE_ROLES)


def test_login_roles_own_nothing_and_have_no_special_rights(database: Database) -> None:
    with database.connect() as connection:
        assert (
            connection.execute(
                "SELECT rolname FROM pg_roles WHERE rolname LIKE 'waybill%' AND (rolsuper"
                " OR rolbypassrls OR rolreplication)"
            ).fetchall()
            == []
        )
        owned = connection.execute(
            "SELECT DISTINCT rolname FROM pg_shdepend JOIN pg_roles ON oid = refobjid"
            " WHERE deptype = 'o' AND rolname = ANY (%s)",
            (LOGINS,),
        ).fetchall()
        assert owned == []


def test_everything_belongs_to_the_owner(database: Database) -> None:
    with database.connect() as connection:
        strangers = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = ANY"
            " (ARRAY['waybill', 'staging', 'public']::regnamespace[])"
            " AND relowner <> 'waybill_owner'::regrole"
            " AND relname !~ '^waybill_(migrations|migration_starts|releases)'"
        ).fetchall()
        assert strangers == []


def test_no_function_is_open_to_everybody(database: Database) -> None:
    with database.connect() as connection:
        assert (
            connection.execute(
                "SELECT proname FROM pg_proc WHERE pronamespace = 'waybill'::regnamespace"
                " AND has_function_privilege('public', oid, 'EXECUTE')"
            ).fetchall()
            == []
        )


def test_definer_functions_fix_their_search_path(database: Database) -> None:
    with database.connect() as connection:
        assert (
            connection.execute(
                "SELECT proname FROM pg_proc WHERE pronamespace = 'waybill'::regnamespace"
                " AND prosecdef AND NOT coalesce(array_to_string(proconfig, ','), '')"
                " LIKE '%search_path=pg_catalog%'"
            ).fetchall()
            == []
        )


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO departments VALUES (1, 'x')",
        "UPDATE departments SET department = 'x'",
        "DELETE FROM departments",
        "TRUNCATE departments",
        "DROP TABLE departments",
        "CREATE TABLE public.mine (x int)",
        "UPDATE waybill.ingestion_jobs SET state = 'COMPLETED'",
        "DELETE FROM waybill.validation_errors",
        "SET session_replication_role = replica",
        "SET ROLE waybill_owner",
    ],
)
def test_functions_cannot_change_tables_directly(
    database: Database, role: str, statement: str
) -> None:
    with database.connect(role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", LOGINS)
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_advisory_xact_lock(hashtextextended('waybill.merge.departments', 0))",
        "SELECT pg_try_advisory_xact_lock_shared(1, 2)",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_cancel_backend(pg_backend_pid())",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity",
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE SCHEMA mine",
        "SELECT * FROM waybill.idempotency_keys",
        "SELECT * FROM waybill.datasets",
        "SELECT * FROM public.waybill_migrations",
        "SET ROLE waybill_admin",
        "ALTER ROLE waybill_owner LOGIN",
        "CREATE ROLE mine",
    ],
)
def test_functions_cannot_block_or_end_the_work_of_others(
    template_database: Database, role: str, statement: str
) -> None:
    with template_database.connect(role) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", LOGINS)
def test_every_role_has_limits(template_database: Database, role: str) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    with template_database.connect() as admin:
        found = admin.execute(
            "SELECT rolconnlimit, rolconfig FROM pg_roles WHERE rolname = %s", (role,)
        ).fetchone()
    assert found is not None
    connections, config = found
    limits = dict(setting.split("=") for setting in config)
    assert connections > 0
    assert set(names) == limits.keys()
    assert all(int(limit) > 0 for limit in limits.values())


def test_the_owner_ends_sessions_of_loads_and_merges_only(template_database: Database) -> None:
    with template_database.connect() as admin:
        ended = admin.execute(
            "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole"
            " AND inherit_option AND roleid::regrole::text = ANY (%s)",
            (OWNER, LOGINS),
        ).fetchall()
    assert {role for (role,) in ended} == {"waybill_load", "waybill_merge"}
