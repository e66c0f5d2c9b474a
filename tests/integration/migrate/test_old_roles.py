"""A database of a release whose functions shared four roles is upgraded with its data."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import errors

from infra.functions import DATABASE_ROLES
from infra.local.bootstrap import set_password
from tests.integration.migrate.old_roles import GRANTS, old_release
from tests.postgres.databases import PASSWORD, Connection, Database
from waybill.database.migrations import migrate
from waybill.ids import new_id

OLD = ("waybill_loader", "waybill_api", "waybill_reader", "waybill_refresher")


@pytest.fixture
def admin(empty_database: Database, tmp_path: Path) -> Iterator[Connection]:
    """The administrator of a database with the old roles, their grants and a row."""
    with empty_database.connect() as connection:
        migrate(connection, old_release(tmp_path))
        connection.execute(GRANTS.encode())
        for role in OLD:
            set_password(connection, role, PASSWORD)
        yield connection


def write(database: Database, role: str, department_id: int) -> None:
    """Write a batch as this role."""
    rows = json.dumps([[0, {"id": str(department_id), "department": "Sales"}, "{}"]])
    with database.connect(role) as connection:
        connection.execute(
            "SELECT waybill.merge_batch(%s, 'departments', %s, 'atomic', '[]')", (new_id(), rows)
        )


def existing(admin: Connection) -> set[str]:
    rows = admin.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)", (list(OLD),))
    return {role for (role,) in rows}


def pass_a_day(admin: Connection) -> None:
    admin.execute(
        "UPDATE public.waybill_migrations SET applied_at = applied_at - interval '2 days'"
    )


def departments(admin: Connection) -> list[int]:
    return [number for (number,) in admin.execute("SELECT id FROM departments ORDER BY id")]


def test_old_functions_work_until_the_next_deployment(
    admin: Connection, empty_database: Database
) -> None:
    write(empty_database, "waybill_api", 1)
    migrate(admin)
    for role in DATABASE_ROLES:
        set_password(admin, role, PASSWORD)
    write(empty_database, "waybill_api", 2)
    write(empty_database, "waybill_batch", 3)
    migrate(admin)
    write(empty_database, "waybill_api", 4)
    assert departments(admin) == [1, 2, 3, 4]


def test_old_roles_lose_every_right_by_a_later_deployment(
    admin: Connection, empty_database: Database
) -> None:
    migrate(admin)
    pass_a_day(admin)
    migrate(admin)
    for role in existing(admin):
        # Other databases of the test's server use it.
        with (
            empty_database.connect(role) as connection,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            connection.execute("SELECT waybill.dataset_names()")
    held = admin.execute(
        "SELECT count(*) FROM pg_shdepend WHERE refobjid = ANY (SELECT oid FROM pg_roles"
        " WHERE rolname = ANY (%s)) AND dbid = (SELECT oid FROM pg_database"
        " WHERE datname = current_database())",
        (list(OLD),),
    ).fetchone()
    assert held == (0,)


def test_a_roll_back_within_the_day_works(
    admin: Connection, empty_database: Database, tmp_path: Path
) -> None:
    migrate(admin)
    migrate(admin, old_release(tmp_path))
    write(empty_database, "waybill_api", 1)
    migrate(admin)
    assert departments(admin) == [1]
