"""Files are applied in order, once, and never without saying so."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres.databases import Connection, Database
from waybill.database import migrations
from waybill.database.migrations import migrate
from waybill.database.queries import sql_folder
from waybill.errors import Busy, Conflict, Unavailable

BASE = """
CREATE TABLE colours (id integer PRIMARY KEY, colour text NOT NULL);
SELECT waybill.register_dataset('colours');
"""
# By name it comes before the table that it refers to.
BIRDS = """
CREATE TABLE birds (
    id integer PRIMARY KEY,
    name text NOT NULL,
    colour_id integer REFERENCES colours,
    seen timestamptz
);
SELECT waybill.register_dataset('birds');
"""


@pytest.fixture
def admin(empty_database: Database) -> Iterator[Connection]:
    with empty_database.connect() as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's own migrations and routines, and two datasets of the test's own."""
    for kind in ("migrations", "routines"):
        shutil.copytree(sql_folder() / kind, tmp_path / kind)
    for kind in ("datasets", "views"):
        (tmp_path / kind).mkdir()
    write(tmp_path, "datasets/birds.sql", BIRDS)
    write(tmp_path, "datasets/colours.sql", BASE)
    return tmp_path


def write(folder: Path, path: str, text: str) -> None:
    (folder / path).write_text(text)


def paths(connection: Connection, folder: Path) -> list[str]:
    return [applied.path for applied in migrate(connection, folder)]


def refused(connection: Connection, folder: Path) -> str:
    with pytest.raises(Conflict) as caught:
        migrate(connection, folder)
    return str(caught.value)


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
        " AND relname !~ '^waybill_(migrations|releases)'"
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


def test_a_dataset_that_refers_to_nothing_is_reported(admin: Connection, folder: Path) -> None:
    write(folder, "datasets/birds.sql", BIRDS.replace("REFERENCES colours", "REFERENCES colors"))
    assert 'datasets/birds.sql: relation "colors" does not exist' in refused(admin, folder)


def test_a_dataset_file_registers_its_dataset(admin: Connection, folder: Path) -> None:
    write(folder, "datasets/nests.sql", "CREATE TABLE nests (id integer PRIMARY KEY);")
    assert "dataset-unregistered: datasets/nests.sql" in refused(admin, folder)


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


def test_a_migration_changes_a_dataset(admin: Connection, folder: Path) -> None:
    migrate(admin, folder)
    admin.execute("SET ROLE waybill_owner; INSERT INTO colours VALUES (1, 'red'); RESET ROLE")
    changed = BIRDS.replace("seen timestamptz", "seen timestamptz,\n    legs integer")
    write(folder, "datasets/birds.sql", changed)
    message = refused(admin, folder)
    assert "dataset-changed: datasets/birds.sql" in message
    assert "+column legs integer" in message
    write(folder, "migrations/9001_legs.sql", "ALTER TABLE birds ADD legs integer;")
    assert "datasets/birds.sql" in paths(admin, folder)
    assert paths(admin, folder) == []
    assert admin.execute("SELECT count(*) FROM colours").fetchone() == (1,)


def test_a_migration_changes_a_registration(admin: Connection, folder: Path) -> None:
    migrate(admin, folder)
    registered = "SELECT waybill.register_dataset('birds', null_words => '{NA}');"
    changed = BIRDS.replace("SELECT waybill.register_dataset('birds');", registered)
    write(folder, "datasets/birds.sql", changed)
    assert "null_words" in refused(admin, folder)
    write(folder, "migrations/9001_words.sql", registered)
    assert "datasets/birds.sql" in paths(admin, folder)


def test_a_partitioned_dataset_is_compared_with_its_partitions(admin: Connection) -> None:
    migrate(admin)
    folder = sql_folder()
    forgotten = admin.execute(
        "UPDATE waybill_migrations SET sha256 = 'other' WHERE path LIKE 'datasets/%'"
    ).rowcount
    admin.execute("DELETE FROM waybill_releases")
    admin.execute(
        "SET ROLE waybill_owner; CREATE TABLE hired_employees_1999 PARTITION OF hired_employees"
        " FOR VALUES FROM ('1999-01-01') TO ('2000-01-01'); RESET ROLE"
    )
    assert len(paths(admin, folder)) == forgotten
    assert admin.execute("SELECT count(*) FROM hired_employees_1999").fetchone() == (0,)


def test_a_reworded_file_is_accepted(admin: Connection, folder: Path) -> None:
    migrate(admin, folder)
    write(folder, "datasets/birds.sql", "-- Birds that were seen.\n" + BIRDS)
    assert paths(admin, folder) == ["datasets/birds.sql"]


def test_a_new_database_takes_the_declared_state_and_not_the_migrations_before_it(
    admin: Connection, folder: Path
) -> None:
    (folder / "datasets/birds").mkdir()
    changed = BIRDS.replace("seen timestamptz", "seen timestamptz,\n    legs integer")
    write(folder, "datasets/birds.sql", changed)
    write(folder, "datasets/birds/0001_legs.sql", "ALTER TABLE birds ADD legs integer;")
    assert "datasets/birds/0001_legs.sql" not in paths(admin, folder)
    admin.execute("SET ROLE waybill_owner")
    admin.execute("SELECT legs FROM birds")
    admin.execute("RESET ROLE")
    assert paths(admin, folder) == []


def test_migrations_of_a_dataset_have_a_number_line_of_their_own(
    admin: Connection, folder: Path
) -> None:
    migrate(admin, folder)
    admin.execute("SET ROLE waybill_owner; INSERT INTO birds VALUES (1, 'wren'); RESET ROLE")
    (folder / "datasets/birds").mkdir()
    changed = BIRDS.replace("seen timestamptz", "seen timestamptz,\n    legs integer")
    write(folder, "datasets/birds.sql", changed)
    write(folder, "datasets/birds/9000_legs.sql", "ALTER TABLE birds ADD legs integer;")
    assert paths(admin, folder) == ["datasets/birds/9000_legs.sql", "datasets/birds.sql"]
    # The product goes on with its own numbers, whatever the user's are.
    write(folder, "migrations/8000_more.sql", "CREATE TABLE more (id integer);")
    assert "migrations/8000_more.sql" in paths(admin, folder)
    assert admin.execute("SELECT count(*) FROM birds").fetchone() == (1,)


def test_a_wrong_argument_names_file_line_and_argument_and_can_be_corrected(
    admin: Connection, folder: Path
) -> None:
    wrong = BIRDS.replace("('birds');", "(\n    'birds',\n    null_words => '{NULL}'\n);")
    write(folder, "datasets/birds.sql", wrong)
    message = refused(admin, folder)
    line = wrong.split("\n").index("    null_words => '{NULL}'") + 1
    assert f"datasets/birds.sql:{line}" in message
    assert "null_words" in message
    assert admin.execute("SELECT to_regclass('birds')").fetchone() == (None,)
    write(folder, "datasets/birds.sql", BIRDS)
    assert "datasets/birds.sql" in paths(admin, folder)


def test_a_dataset_file_may_create_types_and_change_later(admin: Connection, folder: Path) -> None:
    typed = "CREATE TYPE plumage AS ENUM ('dull', 'bright');\n" + BIRDS.replace(
        "seen timestamptz", "seen timestamptz,\n    plumage plumage"
    )
    write(folder, "datasets/birds.sql", typed)
    migrate(admin, folder)
    write(folder, "datasets/birds.sql", f"-- Birds and their plumage.\n{typed}")
    assert paths(admin, folder) == ["datasets/birds.sql"]


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
    assert {path.split("/")[0] for path in paths(admin, folder)} <= {"routines", "views"}
    assert admin.execute("SELECT waybill.is_open('LANDED')").fetchone() == (True,)
    assert {path.split("/")[0] for path in paths(admin, newer)} <= {"routines", "views"}


def test_a_missing_dataset_file_is_refused(admin: Connection, folder: Path) -> None:
    migrate(admin, folder)
    (folder / "datasets/birds.sql").unlink()
    assert "dataset-missing: datasets/birds.sql" in refused(admin, folder)
    write(
        folder,
        "migrations/9001_no_birds.sql",
        "DROP TABLE birds; DELETE FROM waybill.datasets WHERE name = 'birds';",
    )
    assert "migrations/9001_no_birds.sql" in paths(admin, folder)


def test_a_second_runner_waits_and_finds_nothing_to_do(
    empty_database: Database, folder: Path
) -> None:
    write(folder, "migrations/9001_slow.sql", "SELECT pg_sleep(0.5);")
    found: list[list[str]] = []

    def one() -> None:
        with empty_database.connect() as connection:
            found.append(paths(connection, folder))

    runners = [threading.Thread(target=one) for _ in range(2)]
    for runner in runners:
        runner.start()
        time.sleep(0.05)
    for runner in runners:
        runner.join()
    assert found[1] == []
    assert "migrations/9001_slow.sql" in found[0]


def test_a_table_in_use_is_retried(
    admin: Connection,
    empty_database: Database,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrate(admin, folder)
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(migrations, "_PAUSE_SECONDS", 0)
    write(folder, "migrations/9001_legs.sql", "ALTER TABLE colours ADD legs integer;")
    with empty_database.connect(autocommit=False) as reader:
        reader.execute("SET ROLE waybill_owner; SELECT * FROM colours")
        with pytest.raises(Busy, match="migrations/9001_legs"):
            migrate(admin, folder)
    write(folder, "datasets/colours.sql", BASE.replace("text NOT NULL", "text NOT NULL, legs int"))
    assert "migrations/9001_legs.sql" in paths(admin, folder)


def test_a_killed_runner_leaves_no_lock(
    admin: Connection, empty_database: Database, folder: Path
) -> None:
    write(folder, "migrations/9001_slow.sql", "SELECT pg_sleep(30);")
    failures: list[Exception] = []

    def one() -> None:
        try:
            with empty_database.connect() as connection:
                migrate(connection, folder)
        except (Unavailable, psycopg.OperationalError) as error:
            failures.append(error)

    runner = threading.Thread(target=one)
    runner.start()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sl%'"
    while not admin.execute(kill).fetchall():
        time.sleep(0.05)
    runner.join()
    assert failures
    write(folder, "migrations/9001_slow.sql", "SELECT 1;")
    assert "migrations/9001_slow.sql" in paths(admin, folder)
