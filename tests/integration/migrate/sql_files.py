"""SQL files of a release that is migrated to, in a folder of the test."""

from pathlib import Path

import pytest

from tests.postgres.databases import Connection
from waybill.database.migrations import migrate
from waybill.errors import Conflict

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


def write(folder: Path, path: str, text: str) -> None:
    (folder / path).parent.mkdir(exist_ok=True)
    (folder / path).write_text(text)


def paths(connection: Connection, folder: Path) -> list[str]:
    return [applied.path for applied in migrate(connection, folder)]


def refused(connection: Connection, folder: Path) -> str:
    with pytest.raises(Conflict) as caught:
        migrate(connection, folder)
    return str(caught.value)
