"""Builds the indexes of searchable columns, without blocking writers."""

from typing import NamedTuple

import psycopg
from psycopg import sql

from waybill import telemetry
from waybill.database.long_scripts import Deadline, send_and_wait
from waybill.database.migration_lock import LOCK_SECONDS, alone
from waybill.database.queries import queries
from waybill.database.repository import Connection, Repository
from waybill.database.scripts import OWNER


class IndexStep(NamedTuple):
    """A statement that is due for an index of a dataset."""

    dataset: str
    index_name: str
    statement: str


class SearchIndexes(Repository):
    """What is due for the indexes of searchable columns."""

    def due(self) -> list[IndexStep]:
        """The next statement of each index that is missing, invalid or no longer needed."""
        return self._rows(IndexStep, "due_search_indexes")


def build_search_indexes(connection: Connection, deadline: Deadline | None = None) -> list[str]:
    """Run what is due until nothing is; returns the statements that were run.

    An index that cannot be built is reported in the log and left out: its column is searched
    without it, and the next call tries again.

    Args:
        connection: the administrator's, in autocommit, without a transaction.
        deadline: when to stop waiting; an index that is being built goes on in the server.

    Raises:
        MigrationRunningError: an index is still being built; call again.
    """
    until = deadline or Deadline()
    with alone(connection, deadline or Deadline(LOCK_SECONDS)):
        return _build(connection, until)


def _build(connection: Connection, deadline: Deadline) -> list[str]:
    # CONCURRENTLY waits for older transactions without blocking others.
    queries("migrate").outlast_client(connection)
    connection.execute("SET lock_timeout TO 0")
    connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(OWNER)))
    run: list[str] = []
    failed: set[str] = set()
    try:
        while steps := [
            step
            for step in SearchIndexes(connection).due()
            if step.index_name not in failed and step.statement not in run
        ]:
            for step in steps:
                if _take(connection, step, deadline):
                    run.append(step.statement)
                else:
                    failed.add(step.index_name)
    finally:
        if not connection.closed:
            connection.execute("RESET ROLE; RESET lock_timeout")
            queries("migrate").respect_client(connection)
    return run


def _take(connection: Connection, step: IndexStep, deadline: Deadline) -> bool:
    try:
        # Composed by the routine, with quoted identifiers.
        send_and_wait(connection, step.statement.encode(), deadline)
    except psycopg.Error as error:
        if connection.closed:
            raise
        telemetry.action(
            "index.failed",
            level="warning",
            dataset=step.dataset,
            index=step.index_name,
            detail=error.diag.message_primary,
        )
        return False
    telemetry.action("index.built", dataset=step.dataset, statement=step.statement)
    return True
