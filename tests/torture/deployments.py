"""Releases that go forth and back while files are loaded and merged, and batches are written.

The functions know both: old code runs on the new schema, and new code on the old one.
"""

import random
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.postgres.databases import Connection, Database
from tests.stateful.fake_cloud import FakeCloud
from tests.torture.figures import Figures
from tests.torture.overlap import Overlap
from waybill.database.migrations import migrate
from waybill.database.queries import sql_folder
from waybill.errors import Busy

# Long enough for functions to begin with one release and end with the other.
_PAUSE_SECONDS = 0.3
# Of a machine that does much else; the deployments end it before.
_MOST_SECONDS = 240
_DATASET = """
CREATE TABLE eggs (id integer PRIMARY KEY, colour text NOT NULL);
SELECT waybill.register_dataset('eggs');
"""


def next_release(folder: Path) -> Path:
    """The project's SQL with every routine changed, another migration and another dataset."""
    release = folder / "new"
    shutil.copytree(sql_folder(), release)
    for routine in (release / "routines").glob("*.sql"):
        routine.write_text(f"{routine.read_text('utf-8')}\n-- Of the next release.\n", "utf-8")
    table = "CREATE TABLE waybill.of_next_release (id integer);"
    (release / "migrations" / "9001_next.sql").write_text(table)
    (release / "datasets" / "eggs.sql").write_text(_DATASET)
    return release


@dataclass
class Deployments(Overlap):
    """Everything at once, and deployments beside it."""

    releases: dict[str, Path] = field(default_factory=dict)
    turns: int = 0
    """How many deployments there are."""
    _turn: int = 0

    def _tasks(self) -> list[Callable[[Connection], None]]:
        return [*super()._tasks(), self._deploy]

    def _deploy(self, connection: Connection) -> None:
        """Apply the release whose turn it is, as its version of `migrate` does."""
        name = ("new", "old")[self._turn % 2]
        try:
            applied = migrate(connection, self.releases[name])
        except Busy:
            # A load held a lock for long; CloudFormation would see it fail and try again.
            self.figures.effects["deployment asked to come back"] += 1
            return
        assert [one for one in applied if "routines/" in one.path], "nothing was replaced"
        self._turn += 1
        self.figures.effects[f"release deployed: {name}"] += 1
        if self._turn == self.turns:
            self.over.set()
            return
        time.sleep(_PAUSE_SECONDS)


def deploy_under_load(
    database: Database, figures: Figures, turns: int, chance: random.Random, folder: Path
) -> None:
    """Deploy so many times; then everything is held against the model."""
    cloud = FakeCloud(database, pytest.MonkeyPatch())
    cloud.open(chunk_bytes=200)
    releases = {"old": sql_folder(), "new": next_release(folder)}
    try:
        Deployments(cloud, figures, chance, releases=releases, turns=turns).go(_MOST_SECONDS)
    finally:
        cloud.close()
