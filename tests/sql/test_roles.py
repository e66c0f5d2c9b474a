"""What each role may do: what it needs, and nothing that belongs to it."""

import pytest
from psycopg import errors

from tests.postgres.databases import Database

LOGINS = ["pipeline", "api", "waybill_analytics", "waybill_refresh"]


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
            " AND relname !~ '^waybill_(migrations|releases)'"
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
