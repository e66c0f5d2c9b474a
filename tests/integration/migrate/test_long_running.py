"""A migration that takes longer than the function that starts it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.migrate import apply_sources, handler
from functions.migrate.handler import handle
from tests.cloud.lambda_events import Context
from tests.integration.migrate.sql_files import write
from tests.postgres.databases import Connection, Database
from waybill.database import migrations
from waybill.database.long_scripts import Deadline
from waybill.database.queries import sql_folder
from waybill.errors import Conflict

UPDATE = {"RequestType": "Update", "PhysicalResourceId": "migration"}
POLL = {**UPDATE, "Data": {"Begun": "true"}}
# It waits for a lock that the test holds.
LONG = "-- long-running\nSELECT pg_advisory_xact_lock(77);\nCREATE TABLE longer (id integer);\n"
PATH = "migrations/9001_long.sql"


class Release:
    """A release, and the deployment of it by one function after another."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = patch

    def deploy_from(self, folder: Path) -> None:
        for module in (migrations, apply_sources):
            self._patch.setattr(module, "sql_folder", lambda: folder)

    def poll(self, *, time_is_over: bool = True) -> bool:
        """Call the function; whether the deployment may go on.

        On its clock the time is over as soon as it waits for a migration, or never.
        """
        deadline = Deadline(0 if time_is_over else None, clock=lambda: 0.0)
        self._patch.setattr(handler, "Deadline", lambda _: deadline)
        return bool(handle(POLL, Context())["IsComplete"])


@pytest.fixture
def release(
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    cloud: object,
) -> Release:
    assert cloud
    environment_of(database, "waybill_admin")
    folder = tmp_path / "new"
    shutil.copytree(sql_folder(), folder)
    write(folder, PATH, LONG)
    release = Release(folder, monkeypatch)
    release.deploy_from(folder)
    return release


@pytest.fixture
def admin(database: Database) -> Iterator[Connection]:
    with database.connect() as connection:
        connection.execute("SELECT pg_advisory_lock(77)")
        yield connection


def finish(admin: Connection) -> None:
    """Let the migration end, and wait for the end of its session."""
    admin.execute("SELECT pg_advisory_unlock(77)")
    running = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'waybill-migrate')"
    )
    while admin.execute(running.encode()).fetchone() == (True,):
        pass


def is_applied(admin: Connection) -> bool:
    row = admin.execute("SELECT to_regclass('public.longer') IS NOT NULL").fetchone()
    return row == (True,)


@pytest.mark.usefixtures("release")
def test_a_deployment_begins_and_is_deleted_without_the_database() -> None:
    begun = handle(UPDATE, Context())
    assert "Begun" in begun["Data"]
    assert handle({**POLL, "RequestType": "Delete"}, Context()) == {"IsComplete": True}


def test_a_migration_goes_on_when_the_function_ends_and_the_next_finds_it_done(
    release: Release, admin: Connection
) -> None:
    assert release.poll() is False
    assert release.poll() is False, "the second waits for the first one's"
    assert not is_applied(admin)
    finish(admin)
    assert is_applied(admin)
    assert release.poll() is True
    found = admin.execute(
        "SELECT count(*) FROM public.waybill_migrations WHERE path = %s", (PATH,)
    ).fetchone()
    assert found == (1,)
    assert admin.execute("SELECT count(*) FROM public.waybill_migration_starts").fetchone() == (0,)


def test_a_migration_that_fails_unseen_is_reported_once_and_can_be_tried_again(
    release: Release, admin: Connection
) -> None:
    write(release.folder, PATH, LONG + "SELECT wrong;")
    assert release.poll() is False
    finish(admin)
    with pytest.raises(Conflict, match=f"{PATH}: it was begun at"):
        release.poll()
    assert not is_applied(admin)
    write(release.folder, PATH, LONG)
    assert release.poll(time_is_over=False) is True
    assert is_applied(admin)


def test_the_line_of_a_failed_statement_is_named(release: Release, admin: Connection) -> None:
    admin.execute("SELECT pg_advisory_unlock(77)")
    write(release.folder, PATH, LONG + "SELECT\n  wrong;")
    with pytest.raises(Conflict, match=f"{PATH}:5"):
        release.poll(time_is_over=False)
    assert not is_applied(admin)


def test_the_former_release_is_rolled_back_to_while_a_migration_goes_on(
    release: Release, admin: Connection
) -> None:
    assert release.poll() is False
    release.deploy_from(sql_folder())
    assert release.poll() is True
    finish(admin)
    assert is_applied(admin)
    release.deploy_from(release.folder)
    assert release.poll() is True


def test_a_dataset_may_have_a_long_running_migration(release: Release, admin: Connection) -> None:
    (release.folder / PATH).unlink()
    (release.folder / "datasets/departments").mkdir(exist_ok=True)
    write(release.folder, "datasets/departments/0001_long.sql", LONG)
    assert release.poll() is False
    finish(admin)
    assert release.poll() is True
    assert is_applied(admin)
