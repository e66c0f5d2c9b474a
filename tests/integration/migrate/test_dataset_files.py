"""Datasets are created by their files and changed by their migrations."""

import shutil
from pathlib import Path

import pytest

from tests.integration.migrate.sql_files import BASE, BIRDS, paths, refused, write
from tests.postgres.databases import Connection
from waybill.database.migrations import migrate
from waybill.database.queries import sql_folder


def test_a_dataset_that_refers_to_nothing_is_reported(admin: Connection, folder: Path) -> None:
    write(folder, "datasets/birds.sql", BIRDS.replace("REFERENCES colours", "REFERENCES colors"))
    assert 'datasets/birds.sql:5: relation "colors" does not exist' in refused(admin, folder)


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("CREATE TYPE shade AS ENUM ('a');\nCREATE TYPE shade AS ENUM ('b');", 1),
        ("ALTER TABLE birds\n    ADD CHECK (nope > 1);", 2),
        ("ALTER TABLE birds\n    DROP CONSTRAINT missing;", 2),
        ("-- A word that is none.\nSELEC 1;", 2),
    ],
)
def test_the_line_of_a_refused_statement_is_named(
    admin: Connection, folder: Path, statement: str, line: int
) -> None:
    write(folder, "datasets/birds.sql", BIRDS + statement)
    place = f"datasets/birds.sql:{BIRDS.count(chr(10)) + line}:"
    assert place in refused(admin, folder)


def test_a_dataset_file_registers_its_dataset(admin: Connection, folder: Path) -> None:
    write(folder, "datasets/nests.sql", "CREATE TABLE nests (id integer PRIMARY KEY);")
    assert "dataset-unregistered: datasets/nests.sql" in refused(admin, folder)


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


@pytest.mark.parametrize(
    ("quote", "codes", "at_fault"),
    [("'|'", "false", "quote => '|'"), ("'none'", "NULL", "escape_codes => NULL")],
)
def test_of_several_arguments_the_one_at_fault_is_named(
    admin: Connection, folder: Path, quote: str, codes: str, at_fault: str
) -> None:
    arguments = f"""(
    'birds',
    delimiter => '|',
    escape => '!',
    quote => {quote},
    escape_codes => {codes}
);"""
    wrong = BIRDS.replace("('birds');", arguments)
    write(folder, "datasets/birds.sql", wrong)
    line = next(at for at, text in enumerate(wrong.split("\n"), 1) if at_fault in text)
    assert f"datasets/birds.sql:{line}: {at_fault.split(maxsplit=1)[0]}: " in refused(admin, folder)


def test_a_dataset_file_may_create_types_and_change_later(admin: Connection, folder: Path) -> None:
    typed = "CREATE TYPE plumage AS ENUM ('dull', 'bright');\n" + BIRDS.replace(
        "seen timestamptz", "seen timestamptz,\n    plumage plumage"
    )
    write(folder, "datasets/birds.sql", typed)
    migrate(admin, folder)
    write(folder, "datasets/birds.sql", f"-- Birds and their plumage.\n{typed}")
    assert paths(admin, folder) == ["datasets/birds.sql"]


def test_a_registration_means_one_routine_after_a_roll_back(
    admin: Connection, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    migrate(admin, folder)
    later = tmp_path_factory.mktemp("later") / "sql"
    shutil.copytree(folder, later)
    routine = later / "routines/11_register_dataset.sql"
    text = routine.read_text()
    routine.write_text(
        text.replace("\n) RETURNS void", ",\n    novel text DEFAULT NULL\n) RETURNS void")
    )
    assert routine.read_text() != text
    eggs = BASE.replace("colours", "eggs")
    write(later, "datasets/eggs.sql", eggs.replace("'eggs'", "'eggs', novel => 'x'"))
    assert "datasets/eggs.sql" in paths(admin, later)
    write(folder, "datasets/eggs.sql", eggs)
    write(folder, "datasets/nests.sql", BASE.replace("colours", "nests"))
    assert "datasets/nests.sql" in paths(admin, folder)


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
