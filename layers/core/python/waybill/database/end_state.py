"""Whether a dataset's file declares the table as it is.

The file is run again beside what is there, in a transaction that is rolled back, and both
tables are described and compared. Only a dataset that changed is compared.
"""

import difflib
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from psycopg import errors, sql

from waybill.database.queries import queries
from waybill.database.scripts import OWNER, Connection, Script, ScriptError, become_owner, run
from waybill.errors import Conflict

_ASIDE = "waybill_aside"
_PUBLIC = "public"
_NOT_THERE = (
    errors.InvalidSchemaName,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.UndefinedTable,
)


def check_end_state(connection: Connection, script: Script, dataset: str) -> None:
    """Compare what the file declares with what is there.

    Raises:
        Conflict: `dataset-changed`, with the lines that differ.
        ScriptError: the file itself cannot be run.
    """
    live = _in_scratch(connection, lambda: _described(connection, dataset))
    declared = _declared(connection, script, dataset)
    differences = [
        line
        for line in difflib.unified_diff(live, declared, "database", "file", n=0, lineterm="")
        if not line.startswith("@@")
    ]
    if differences:
        raise Conflict(
            "dataset-changed",
            f"{script.path} declares another state than the database has. Write a migration in "
            f"datasets/{dataset}/, and keep the file the declared state.\n"
            + "\n".join(differences),
        )


def _declared(connection: Connection, script: Script, dataset: str) -> list[str]:
    """The description of what the file makes where the live objects are out of its way."""
    failures: list[ScriptError] = []
    for make_room in (_schemas_aside, _table_aside, _nothing_aside):
        beside = partial(_run_beside, connection, script, dataset, make_room)
        try:
            return _in_scratch(connection, beside)
        except ScriptError as failed:
            failures.append(failed)
        except errors.InsufficientPrivilege:
            # The schema belongs to somebody else: it cannot be renamed.
            continue
    raise failures[0]


def _run_beside(
    connection: Connection, script: Script, dataset: str, make_room: Callable[..., None]
) -> list[str]:
    make_room(connection, dataset)
    run(connection, script, f"{_PUBLIC}, {_ASIDE}")
    return _described(connection, dataset)


def _in_scratch(connection: Connection, do: Callable[[], list[str]]) -> list[str]:
    with connection.transaction(force_rollback=True):
        create = sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}")
        connection.execute(create.format(sql.Identifier(_ASIDE), sql.Identifier(OWNER)))
        return do()


def _described(connection: Connection, dataset: str) -> list[str]:
    # Names are printed as they are seen from here: without their schema.
    connection.execute(f"SET LOCAL search_path TO {_PUBLIC}, {_ASIDE}".encode())
    become_owner(connection)
    contract, table = _table(connection, dataset)
    contract.pop("version")
    target = table.as_string(connection)
    catalog = [row[0] for row in queries("migrate").describe(connection, target=target)]
    # References name their schema: the renamed one stands for the schema that it was.
    registered = [
        f"{key} {json.dumps(value)}".replace(f'"{_ASIDE}.', f'"{_PUBLIC}.')
        for key, value in sorted(contract.items())
    ]
    connection.execute("SET LOCAL ROLE NONE")
    return catalog + registered


def _table(connection: Connection, dataset: str) -> tuple[dict[str, Any], sql.Identifier]:
    contract = queries("migrate").contract(connection, dataset=dataset)
    return contract, sql.Identifier(contract["table_schema"], contract["table"])


def _schemas_aside(connection: Connection, dataset: str) -> None:
    """Rename the schemas, so that the file can create its types and functions, too.

    No lock is taken on any table. What the file refers to without a schema is found in the
    renamed one.
    """
    become_owner(connection)
    contract, _ = _table(connection, dataset)
    connection.execute("SET LOCAL ROLE NONE")
    connection.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(_ASIDE)))
    rename = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
    connection.execute(rename.format(sql.Identifier(_PUBLIC), sql.Identifier(_ASIDE)))
    create = sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}")
    connection.execute(create.format(sql.Identifier(_PUBLIC), sql.Identifier(OWNER)))
    schema = contract["table_schema"]
    if schema != _PUBLIC:
        other = sql.Identifier(f"{_ASIDE}_2")
        connection.execute(rename.format(sql.Identifier(schema), other))


def _table_aside(connection: Connection, dataset: str) -> None:
    """Move the table and its partitions, for a file that names other tables with their schema.

    This blocks readers for the milliseconds that it takes.
    """
    become_owner(connection)
    _, table = _table(connection, dataset)
    found = queries("migrate").relations_of(connection, target=table.as_string(connection))
    for (relation,) in list(found):
        # regclass prints the name quoted as needed.
        move = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
        connection.execute(move.format(sql.SQL(relation), sql.Identifier(_ASIDE)))
    connection.execute("SET LOCAL ROLE NONE")


def _nothing_aside(_connection: Connection, _dataset: str) -> None:
    """For a file that only registers a table which somebody else created."""
