"""Whether a dataset's changed file still declares the table as it is.

The file is run beside the live table and described like it, in a transaction that is rolled
back: the live table and its partitions step aside into a schema of their own meanwhile. That
holds readers off for the milliseconds it takes, and only when a dataset's file was edited.
"""

import difflib
import json
from typing import Any

from psycopg import sql

from waybill.database.queries import queries
from waybill.database.scripts import OWNER, Connection, Script, become_owner, run
from waybill.errors import Conflict

_ASIDE = sql.Identifier("waybill_aside")


def _table(connection: Connection, dataset: str) -> tuple[dict[str, Any], sql.Identifier]:
    contract = queries("migrate").contract(connection, dataset=dataset)
    return contract, sql.Identifier(contract["table_schema"], contract["table"])


def _described(connection: Connection, dataset: str) -> list[str]:
    contract, table = _table(connection, dataset)
    contract.pop("version")
    target = table.as_string(connection)
    catalog = [row[0] for row in queries("migrate").describe(connection, target=target)]
    registered = [f"{key} {json.dumps(value)}" for key, value in sorted(contract.items())]
    return catalog + registered


def _step_aside(connection: Connection, dataset: str) -> None:
    _, table = _table(connection, dataset)
    found = queries("migrate").relations_of(connection, target=table.as_string(connection))
    for (relation,) in list(found):
        # regclass writes the name quoted as it has to be.
        moved = sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.SQL(relation), _ASIDE)
        connection.execute(moved)


def check_end_state(connection: Connection, script: Script) -> None:
    """Compare what the file declares with what is there.

    Raises:
        Conflict: `dataset-changed`, with the lines that differ.
        psycopg.Error: the file itself cannot be run.
    """
    with connection.transaction(force_rollback=True):
        create = sql.SQL("CREATE SCHEMA {} AUTHORIZATION {}")
        connection.execute(create.format(_ASIDE, sql.Identifier(OWNER)))
        connection.execute("SET LOCAL search_path TO public")
        become_owner(connection)
        live = _described(connection, script.name)
        _step_aside(connection, script.name)
        run(connection, script)
        become_owner(connection)
        declared = _described(connection, script.name)
    differences = [
        line
        for line in difflib.unified_diff(live, declared, "database", "file", n=0, lineterm="")
        if not line.startswith("@@")
    ]
    if differences:
        raise Conflict(
            "dataset-changed",
            f"{script.path} declares another end state than the database has. Write a migration; "
            "the file is the declared end state.\n" + "\n".join(differences),
        )
