"""Composed statements and error codes of the routines."""

import re
from pathlib import Path

from tests.postgres.databases import Connection, Database
from waybill.database.errors import REFUSALS

_ROUTINES = Path(__file__).parents[2] / "sql" / "routines"


def test_composed_statement_is_logged_at_debug(database: Database) -> None:
    messages: list[str | None] = []
    with database.connect() as admin:
        admin.add_notice_handler(lambda notice: messages.append(notice.message_primary))
        admin.execute("SET ROLE waybill_owner")
        admin.execute("SET client_min_messages = debug1")
        row = admin.execute("SELECT waybill.run_sql('SELECT generate_series(1, 3)')").fetchone()
    assert row == (3,)
    assert "SELECT generate_series(1, 3)" in messages


def test_error_codes_are_listed_translated_and_raised() -> None:
    head = (_ROUTINES / "00_statements.sql").read_text()
    listed = dict(re.findall(r"^--   (WB\d{3})  (\S+)", head, re.MULTILINE))
    assert listed.pop("WB999") == "(internal)"
    assert listed == {state: code for state, (_, code) in REFUSALS.items()}
    raised = {
        state
        for path in _ROUTINES.glob("*.sql")
        for state in re.findall(r"ERRCODE = '(WB\d{3})'", path.read_text())
    }
    assert raised == {*listed, "WB999"}


def test_open_jobs_are_found_by_their_partial_index(database: Database) -> None:
    with database.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        admin.execute("SET enable_seqscan = off")
        plan = _plan(
            admin,
            "SELECT FROM waybill.ingestion_jobs WHERE dataset = 'd' AND waybill.is_open(state)",
        )
    assert "ingestion_jobs_open" in plan


def _plan(connection: Connection, query: str) -> str:
    return "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}".encode()))
