"""Routines are replaced while a connection lives that has prepared and kept statements."""

import shutil
from pathlib import Path

import pytest

from tests.integration.batch.batch_rows import SALES, rows
from tests.integration.batch.conftest import Post
from tests.integration.batch.kept_plans import ENGINEER, backend, finished, kept, load
from tests.postgres.databases import Database
from waybill.database.migrations import migrate
from waybill.database.queries import sql_folder

# Kept statements get other names, so a routine that has the old one inlined is noticed.
NEXT_RELEASE = """
CREATE OR REPLACE FUNCTION waybill.kept_prefix() RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
RETURN 'next ';
"""


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Every routine is replaced by itself, and that which names kept statements by another."""
    release = tmp_path / "sql"
    shutil.copytree(sql_folder(), release)
    for file in (release / "routines").glob("*.sql"):
        file.write_text(f"{file.read_text()}\n-- Of the next release.\n")
    (release / "routines/999_next.sql").write_text(NEXT_RELEASE)
    return release


def test_routines_that_are_replaced_are_used_by_a_connection_with_kept_plans(
    post: Post, database: Database, next_release: Path
) -> None:
    for _ in range(7):
        load(post, "departments", SALES)
    load(post, "jobs", ENGINEER)
    former = backend()
    with database.connect() as admin:
        replaced = [applied.path for applied in migrate(admin, next_release)]
    assert {path.name for path in (next_release / "routines").glob("*.sql")} <= {
        path.rpartition("/")[2] for path in replaced
    }
    assert kept("next ") == 0
    changed, more = SALES | {"department": "Trade"}, SALES | {"id": 2}
    assert load(post, "departments", changed, more) == {"read": 2, "inserted": 1, "updated": 1}
    assert load(post, "departments", changed, more) == {"read": 2, "unchanged": 2}
    assert load(post, "jobs", ENGINEER) == {"read": 1, "unchanged": 1}
    assert backend() == former
    assert kept("next ") > 0
    found = rows(database, "SELECT id, department FROM departments ORDER BY id")
    assert found == [(1, "Trade"), (2, "Sales")]
    assert finished(database) == [("COMPLETED", 11)]
