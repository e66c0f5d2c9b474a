"""What a person's session blocks is found and freed by the statements of the runbook."""

import re

import psycopg
import pytest

from tests.postgres.databases import Database
from tests.unit.runbooks.test_commands import RUNBOOKS


def statements(page: str) -> list[bytes]:
    """The statements that concern locks: the last one that looks, and the one that mends."""
    blocks = re.findall(r"```sql\n(.*?)```", (RUNBOOKS / page).read_text("utf-8"), re.DOTALL)
    every = [each for block in blocks for each in block.split(";\n") if "pg_locks" in each]
    return [each.encode() for each in every]


@pytest.mark.parametrize("page", ["jobs-not-moving.md", "refresh-lag.md"])
def test_a_session_that_holds_a_lock_is_found_and_ended(page: str, database: Database) -> None:
    look, end = statements(page)
    with (
        database.connect() as admin,
        database.connect() as function,
        database.connect("waybill_jobs") as reader,
        database.connect(autocommit=False) as person,
    ):
        # As functions have it; it holds a lock of its own, which is left alone.
        function.execute("SET application_name = 'waybill-load'")
        function.execute("BEGIN; LOCK TABLE jobs IN ROW EXCLUSIVE MODE")
        reader.execute("BEGIN; SELECT count(*) FROM waybill.job_documents")
        person.execute("LOCK TABLE departments IN ACCESS EXCLUSIVE MODE")
        found = {row[0] for row in admin.execute(look)}
        assert found == {person.info.backend_pid}
        # Nobody waits at this moment, as between two attempts of a step.
        assert admin.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() == (0,)
        assert [row[0] for row in admin.execute(end)] == [True]
        admin.execute("INSERT INTO departments (id, department) VALUES (1, 'Sales')")
        with pytest.raises(psycopg.OperationalError):
            person.execute("SELECT 1")
        function.execute("COMMIT")
        reader.execute("COMMIT")
