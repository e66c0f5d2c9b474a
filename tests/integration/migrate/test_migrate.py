"""SQL files are applied in order, and once."""

import shutil
from pathlib import Path

import pytest

from tests.integration.migrate.sql_files import BASE, paths, refused, write
from tests.postgres.databases import Connection
from waybill.database.migrations import migrate


def test_everything_is_applied_in_order_and_once(admin: Connection, folder: Path) -> None:
    write(folder, "views/a.sql", "CREATE OR REPLACE VIEW a AS SELECT * FROM b;")
    write(folder, "views/b.sql", "CREATE OR REPLACE VIEW b AS SELECT * FROM birds;")
    applied = paths(admin, folder)
    kinds = [path.split("/")[0] for path in applied]
    assert kinds == sorted(kinds, key=["migrations", "routines", "datasets", "views"].index)
    assert applied[-4:] == [
        "datasets/colours.sql",
        "datasets/birds.sql",
        "views/b.sql",
        "views/a.sql",
    ]
    assert paths(admin, folder) == []


def test_everything_belongs_to_the_owner_role(admin: Connection) -> None:
    migrate(admin)
    owners = admin.execute(
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class"
        " WHERE relnamespace IN ('public'::regnamespace, 'waybill'::regnamespace)"
        " AND relname !~ '^waybill_(migrations|migration_starts|releases)'"
    ).fetchall()
    assert owners == [("waybill_owner",)]
    functions = admin.execute(
        "SELECT DISTINCT pg_get_userbyid(proowner) FROM pg_proc"
        " WHERE pronamespace = 'waybill'::regnamespace"
    ).fetchall()
    assert functions == [("waybill_owner",)]


def test_a_changed_or_missing_applied_migration_is_refused(admin: Connection, folder: Path) -> None:
    write(folder, "migrations/9001_more.sql", "CREATE TABLE more (id integer);")
    migrate(admin, folder)
    write(folder, "migrations/9001_more.sql", "CREATE TABLE more (id bigint);")
    assert "migration-changed: migrations/9001_more.sql" in refused(admin, folder)
    (folder / "migrations/9001_more.sql").unlink()
    assert "migration-missing: migrations/9001_more.sql" in refused(admin, folder)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("migrations/9000_early.sql", "migration-out-of-order"),
        ("migrations/9001_twin.sql", "migration-misnamed"),
        ("migrations/more.sql", "migration-misnamed"),
    ],
)
def test_a_migration_out_of_order_is_refused(
    admin: Connection, folder: Path, path: str, code: str
) -> None:
    write(folder, "migrations/9001_more.sql", "CREATE TABLE more (id integer);")
    migrate(admin, folder)
    write(folder, path, "SELECT 1;")
    assert code in refused(admin, folder)


def test_a_failed_script_leaves_nothing_and_names_its_line(admin: Connection, folder: Path) -> None:
    write(folder, "migrations/9001_more.sql", "CREATE TABLE more (id integer);\nSELECT\n  wrong;")
    assert "migrations/9001_more.sql:3: column" in refused(admin, folder)
    assert admin.execute("SELECT to_regclass('more')").fetchone() == (None,)
    write(folder, "migrations/9001_more.sql", "CREATE TABLE more (id integer);")
    assert "migrations/9001_more.sql" in paths(admin, folder)


def test_a_script_may_not_end_its_transaction(admin: Connection, folder: Path) -> None:
    write(folder, "migrations/9001_more.sql", "CREATE TABLE more (id integer); COMMIT;")
    assert "migration-refused: migrations/9001_more.sql" in refused(admin, folder)


def test_a_changed_routine_applies_all_routines_again(admin: Connection, folder: Path) -> None:
    migrate(admin, folder)
    routines = sorted((folder / "routines").iterdir())
    routines[-1].write_text(routines[-1].read_text() + "\n-- Changed.\n")
    assert paths(admin, folder) == [f"routines/{file.name}" for file in routines]


def test_views_are_applied_again_after_a_migration(admin: Connection, folder: Path) -> None:
    write(folder, "views/b.sql", "CREATE OR REPLACE VIEW b AS SELECT seen FROM birds;")
    migrate(admin, folder)
    write(folder, "migrations/9001_more.sql", "DROP VIEW b;")
    assert paths(admin, folder)[-1] == "views/b.sql"
    assert admin.execute("SELECT * FROM b").fetchall() == []


def test_a_rolled_back_release_accepts_a_newer_database(
    admin: Connection, folder: Path, tmp_path: Path
) -> None:
    migrate(admin, folder)
    newer = tmp_path / "newer"
    shutil.copytree(folder, newer, ignore=shutil.ignore_patterns("newer"))
    write(newer, "migrations/9001_more.sql", "CREATE TABLE more (id integer);")
    write(newer, "datasets/eggs.sql", BASE.replace("colours", "eggs"))
    write(
        newer,
        "routines/99_new.sql",
        "CREATE OR REPLACE FUNCTION waybill.is_open(p_state text)"
        " RETURNS boolean LANGUAGE sql IMMUTABLE RETURN false;",
    )
    assert "migrations/9001_more.sql" in paths(admin, newer)
    assert admin.execute("SELECT waybill.is_open('LANDED')").fetchone() == (False,)
    # The old release applies nothing but restores its routines; then the new one goes on.
    assert {path.split("/")[0] for path in paths(admin, folder)} == {"routines"}
    assert admin.execute("SELECT waybill.is_open('LANDED')").fetchone() == (True,)
    assert {path.split("/")[0] for path in paths(admin, newer)} == {"routines"}
