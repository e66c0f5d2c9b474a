"""CloudFormation calls the former release's `migrate` when a deployment fails after the new one's.

Each time requests go on, of code that is older or newer than the database.
"""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from functions.migrate import apply_sources
from functions.migrate.handler import handle
from tests.cloud.lambda_events import Context
from tests.integration.migrate.sql_files import BASE, write
from tests.postgres.databases import Database
from waybill.database import migrations
from waybill.database.errors import classify_error
from waybill.database.queries import sql_folder
from waybill.errors import Conflict, Retryable
from waybill.ids import new_id

EGGS = BASE.replace("colours", "eggs")
# Until then a routine of the new release gives another result.
CHANGED_ROUTINE = """
CREATE OR REPLACE FUNCTION waybill.is_open(p_state text) RETURNS boolean
LANGUAGE sql IMMUTABLE RETURN NULL::boolean;
"""


def one_migration(release: Path) -> None:
    write(release, "migrations/9001_more.sql", "CREATE TABLE waybill.more (id integer);")


def second_migration_fails(release: Path) -> None:
    one_migration(release)
    write(release, "migrations/9002_wrong.sql", "SELECT wrong;")


def new_dataset(release: Path) -> None:
    write(release, "datasets/eggs.sql", EGGS)


def changed_dataset(release: Path) -> None:
    file = release / "datasets/departments.sql"
    (release / "datasets/departments").mkdir(exist_ok=True)
    change = "COMMENT ON COLUMN departments.department IS 'Another comment.';"
    write(release, "datasets/departments/0001_comment.sql", change)
    file.write_text(f"{file.read_text()}\n{change}\n")


RELEASES = [one_migration, second_migration_fails, new_dataset, changed_dataset]


class Deployments:
    """Deploys releases: the function `migrate`, as CloudFormation calls it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch

    def migrate(self, release: Path) -> list[str]:
        """Call the release's version; the paths of what it applied."""
        for module in (migrations, apply_sources):
            self._patch.setattr(module, "sql_folder", lambda: release)
        return list(handle({}, Context())["applied"])


@pytest.fixture
def deployments(
    database: Database,
    environment_of: Callable[[Database, str], None],
    monkeypatch: pytest.MonkeyPatch,
    cloud: object,
) -> Deployments:
    assert cloud
    environment_of(database, "waybill_admin")
    return Deployments(monkeypatch)


@pytest.fixture
def old() -> Path:
    return sql_folder()


@pytest.fixture(params=RELEASES, ids=lambda change: change.__name__)
def new(request: pytest.FixtureRequest, old: Path, tmp_path: Path) -> Path:
    release = tmp_path / "new"
    shutil.copytree(old, release)
    request.param(release)
    write(release, "routines/99_new.sql", CHANGED_ROUTINE)
    return release


@contextmanager
def requests(database: Database) -> Iterator[list[int]]:
    """Rows are written all the time; gives the ids of those that were, and holds the rest."""
    written: list[int] = []
    refused: list[Exception] = []
    stopped = threading.Event()

    def write_rows() -> None:
        with database.connect("waybill_batch") as connection:
            for number in range(1_000_000):
                if stopped.is_set():
                    return
                rows = json.dumps([[0, {"id": str(number), "department": f"D{number}"}, "{}"]])
                try:
                    connection.execute(
                        "SELECT waybill.merge_batch(%s, 'departments', %s, 'atomic', '[]')",
                        (new_id(), rows),
                    )
                except psycopg.Error as error:
                    refused.append(classify_error(error))
                else:
                    written.append(number)

    writer = threading.Thread(target=write_rows)
    writer.start()
    try:
        yield written
    finally:
        stopped.set()
        writer.join()
    assert [error for error in refused if not isinstance(error, Retryable)] == []


def more(written: list[int]) -> None:
    """Wait until one more row is written."""
    before = len(written)
    while len(written) == before:
        threading.Event().wait(0.005)


def test_a_roll_back_succeeds_and_a_later_deployment_goes_on(
    deployments: Deployments, database: Database, old: Path, new: Path
) -> None:
    fails = (new / "migrations/9002_wrong.sql").exists()
    assert deployments.migrate(old) == []
    with requests(database) as written, database.connect() as admin:
        more(written)
        if fails:
            with pytest.raises(Conflict, match="9002_wrong"):
                deployments.migrate(new)
        else:
            assert deployments.migrate(new)
            assert admin.execute("SELECT waybill.is_open('LANDED')").fetchone() == (None,)
        more(written)
        deployments.migrate(old)
        assert admin.execute("SELECT waybill.is_open('LANDED')").fetchone() == (True,)
        more(written)
        if fails:
            write(new, "migrations/9002_wrong.sql", "SELECT 1;")
        deployments.migrate(new)
        assert admin.execute("SELECT waybill.is_open('LANDED')").fetchone() == (None,)
        more(written)
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        found = {number for (number,) in admin.execute("SELECT id FROM departments")}
    assert found == set(written)
