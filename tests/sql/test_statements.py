"""Composed statements and error codes of the routines."""

import re
from pathlib import Path
from typing import get_args

import psycopg
import pytest

from tests.postgres.databases import Connection, Database
from waybill.contract.model import Contract
from waybill.database.errors import REFUSALS
from waybill.database.runs import Outcome
from waybill.states import JobKind, JobState

_ROUTINES = Path(__file__).parents[2] / "sql" / "routines"
_LAYER = Path(__file__).parents[2] / "layers" / "core" / "python" / "waybill"


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


ARGUMENTS = {
    "null_words => '{NULL}'": "null_words",
    "header => 'yes'": "header",
    "write_disposition => 'upsert'": "write_disposition",
    "personal => '{surname}'": "personal",
    "aliases => '{\"n\": 1}'": "aliases",
    "aliases => '[]'": "aliases",
    "natural_key => '{NULL}'": "natural_key",
    "document => 'name'": "document",
    "encoding => 'utf8mb4'": "encoding",
    "partition_unit => 'year'": "partition_unit",
    "replace_scope => 'partition'": "replace_scope",
    'formats => \'{"name": {"date": "QQ"}}\'': "formats",
}


@pytest.mark.parametrize(("argument", "name"), ARGUMENTS.items())
def test_wrong_argument_of_a_registration_is_named(
    database: Database, argument: str, name: str
) -> None:
    with database.connect() as admin, pytest.raises(psycopg.Error) as caught:
        admin.execute("SET ROLE waybill_owner")
        admin.execute("CREATE TABLE pets (id integer PRIMARY KEY, name text)")
        admin.execute(f"SELECT waybill.register_dataset('pets', {argument})".encode())
    assert caught.value.sqlstate == "WB005"
    assert (caught.value.diag.message_primary or "").startswith(name)


def literals(annotation: object) -> set[str]:
    """The words of a Literal, or of a union with one."""
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return set().union(*(literals(part) if get_args(part) else {part} for part in parts))


ENUMERATIONS = {
    "datasets.write_disposition": literals(Contract.model_fields["write_disposition"].annotation),
    "datasets.header": literals(Contract.model_fields["header"].annotation),
    "datasets.repeated_header": literals(Contract.model_fields["repeated_header"].annotation),
    "datasets.drift": literals(Contract.model_fields["drift"].annotation),
    "datasets.file_format": literals(Contract.model_fields["file_format"].annotation),
    # Shown while a revert is open; not stored.
    "ingestion_jobs.state": set(JobState) - {JobState.REVERTING},
    "ingestion_jobs.kind": literals(JobKind),
    "job_runs.outcome": literals(Outcome),
}


def allowed_words(connection: Connection, table: str, column: str) -> set[str]:
    """The words that the CHECK constraint of a column allows."""
    row = connection.execute(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND conname = %s",
        (f"waybill.{table}", f"{table}_{column}_check"),
    ).fetchone()
    assert row is not None
    return set(re.findall(r"'([^']*)'::text", row[0]))


@pytest.mark.parametrize(("column", "words"), ENUMERATIONS.items())
def test_enumerations_of_the_code_are_those_of_the_database(
    database: Database, column: str, words: set[str]
) -> None:
    table, _, name = column.partition(".")
    with database.connect() as admin:
        assert allowed_words(admin, table, name) == words


def test_a_registration_names_the_words_that_the_table_allows(database: Database) -> None:
    text = (_ROUTINES / "11_register_dataset.sql").read_text()
    lists = re.findall(r"assert_word\('(\w+)', \w+, (.+)\);", text)
    with database.connect() as admin:
        for argument, words in lists:
            row = admin.execute(f"SELECT ({words})::text[]".encode()).fetchone()
            assert row is not None
            assert set(row[0]) == allowed_words(admin, "datasets", argument), argument
    assert len(lists) == text.count("assert_word(")


def test_every_named_query_is_used() -> None:
    # `extract` reads the databases of others, which the library does not.
    folders = (_LAYER / "database", _ROUTINES.parents[1] / "functions" / "pipeline" / "extract")
    code = "\n".join(path.read_text() for folder in folders for path in folder.glob("*.py"))
    for path in (_ROUTINES.parent / "queries").glob("*.sql"):
        for part in path.read_text().split("-- name: ")[1:]:
            name = re.split(r"\W", part, maxsplit=1)[0]
            used = f'"{path.stem}.{name}"' in code or (
                path.stem in ("migrate", "statistics") and re.search(rf"\.{name}\b", code)
            )
            assert used, f"{path.stem}.{name}"
